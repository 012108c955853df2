"""People who go on using Nova while it is being broken: each tries again until it is told that an event was taken."""

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from engagement.events import given_id

UNKNOWN_VIDEO = str(uuid.UUID(int=7))
PATIENCE = 120.0
PER_CALL = 20


class Writer(threading.Thread):
    """One client with several people's tokens: watches by the batch, likes, unlikes and shares.

    `acknowledged` has what Nova said it took, `refused` the ids of what it said it did not.
    """

    def __init__(self, port: int, tokens: dict[str, str], videos: Sequence[str], events: int, seed: int) -> None:
        super().__init__()
        self.port, self.tokens, self.videos, self.events = port, tokens, videos, events
        self.rng = random.Random(seed)
        self.seed = seed
        self.pause = 0.35  # so that everything can be killed meanwhile
        self.watches: dict[tuple[str, uuid.UUID], tuple[str, float]] = {}  # (user, event id) → video, completion
        self.shares: dict[tuple[str, uuid.UUID], str] = {}
        self.likes: list[tuple[str, str, str]] = []  # user, video, like or unlike, in this order
        self.refused: set[tuple[str, uuid.UUID]] = set()
        self.attempts = 0

    @property
    def acknowledged(self) -> int:
        return len(self.watches) + len(self.shares) + len(self.likes)

    def run(self) -> None:
        number = 0
        pairs = [(user, video) for user in self.tokens for video in self.videos]
        self.rng.shuffle(pairs)
        while self.acknowledged < self.events:
            user, video = pairs[number % len(pairs)]
            match number % 5:
                case 0:
                    self._like(user, video)
                case 1:
                    self._share(user, video, f"share-{self.seed}-{number}")
                case _:
                    self._watch(user, number)
            number += 1
            time.sleep(self.pause)

    def _like(self, user: str, video: str) -> None:
        """Likes, and takes every other like back. Doing it again changes nothing, so each is one event."""
        if (user, video, "like") in self.likes:
            return
        self._until_taken("POST", f"/reels/{video}/like", user, None)
        self.likes.append((user, video, "like"))
        if len(self.likes) % 2 and self.acknowledged < self.events:
            self._until_taken("DELETE", f"/reels/{video}/like", user, None)
            self.likes.append((user, video, "unlike"))

    def _share(self, user: str, video: str, event_id: str) -> None:
        self._until_taken("POST", f"/reels/{video}/share", user, {"event_id": event_id})
        self.shares[user, given_id(event_id)] = video

    def _watch(self, user: str, number: int) -> None:
        """Every batch has one event that must be refused."""
        most = min(PER_CALL, self.events - self.acknowledged)
        events: list[dict[str, Any]] = [
            {"video_id": video, "event_id": f"watch-{self.seed}-{number}-{at}", "completion_percent": 5 * at}
            for at, video in enumerate(self.rng.choices(self.videos, k=most))
        ]
        bad: dict[str, Any] = {
            "video_id": UNKNOWN_VIDEO,
            "event_id": f"bad-{self.seed}-{number}",
            "completion_percent": 1,
        }
        answer = self._until_taken("POST", "/reels/watch", user, {"events": [*events, bad]}, whole=most)
        assert answer["accepted"] == most
        self.refused.add((user, given_id(bad["event_id"])))
        for event in events:
            identity = user, given_id(event["event_id"])
            self.watches[identity] = event["video_id"], event["completion_percent"]

    def _until_taken(self, method: str, path: str, user: str, body: Any, whole: int = 0) -> Any:
        """The answer of the first call that was taken, as a whole."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.attempts += 1
            status, answer = self._call(method, path, user, body)
            if 200 <= status < 300 and (not whole or answer["accepted"] == whole):
                return answer
            assert status == 0 or status >= 500 or status < 300, (status, answer)
            assert time.monotonic() < deadline, f"{method} {path}: still {status} {answer}"
            time.sleep(0.2)

    def _call(self, method: str, path: str, user: str, body: Any) -> tuple[int, Any]:
        """Status 0 while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        headers = {"Authorization": f"Bearer {self.tokens[user]}", "Content-Type": "application/json"}
        try:
            connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or "null")
        except (OSError, http.client.HTTPException, ValueError) as error:
            return 0, str(error)
        finally:
            connection.close()
