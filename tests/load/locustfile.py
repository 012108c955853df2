"""The session mix as locust runs it: open the app, four pages, thirty watches, one like, come back later.

Started by `python -m tests.load`, which gives each user a token in NOVA_LOAD_TOKENS.
"""

import os
import random
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, between, task

TOKENS = Path(os.environ["NOVA_LOAD_TOKENS"]).read_text().split()
PAGES, WATCHES_A_PAGE = 4, 8
API = "/api/v1/reels"


class Viewer(FastHttpUser):
    """Somebody with the app in their hand. A minute between pages is a second or two here."""

    wait_time = between(2.0, 4.0)  # until they come back

    def on_start(self) -> None:
        self.headers = {"Authorization": f"Bearer {TOKENS.pop()}"}

    @task
    def session(self) -> None:
        path = API
        for number in range(PAGES):
            page = self._ask("GET", path, "next page" if number else "open")
            videos = page.get("data", [])
            self._watch(videos)
            if number == 1 and videos:
                self._ask("POST", f"{API}/{random.choice(videos)['id']}/like", "like")
            if not page.get("next_cursor"):
                return
            path = f"{API}?cursor={page['next_cursor']}"
            self._pause()

    def _watch(self, videos: list[dict[str, Any]]) -> None:
        for video in videos[: WATCHES_A_PAGE - 3]:
            self._ask("POST", f"{API}/{video['id']}/watch", "watch", {"completion_percent": random.randrange(101)})
        later = videos[WATCHES_A_PAGE - 3 : WATCHES_A_PAGE]  # some apps report by the batch
        if later:
            events = [{"video_id": each["id"], "completion_percent": 80} for each in later]
            self._ask("POST", f"{API}/watch", "watches", {"events": events})

    def _pause(self) -> None:
        gevent.sleep(random.uniform(1.0, 2.0))

    def _ask(self, method: str, path: str, name: str, body: object = None) -> dict[str, Any]:
        """Locust counts whatever is not 2xx as a failure."""
        answer = self.client.request(method, path, name=name, headers=self.headers, json=body)
        return answer.json() if answer.ok else {}
