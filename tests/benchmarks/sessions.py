"""People who come and go: each opens the app four times a day, takes four pages a minute apart, watches 30 videos and
likes one. A day is as short as five minutes here, and the life of a feed with it.
"""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.benchmarks.clients import Client
from tests.benchmarks.report import Figure, head, say, tell
from tests.integration.running import Nova

DAY = 300.0  # seconds of ours
SCALE = 86_400 / DAY
DAYS = 2
PEOPLE = 1_000
SESSIONS_A_DAY, PAGES, WATCHES = 4, 4, 30
VARIABLES = {"FEED_LIFETIME_SECONDS": str(round(3_600 / SCALE)), "FEED_AHEAD_SECONDS": str(round(DAY))}
AT_A_TIME = 48  # people in the middle of a session


class Tally:
    """What pages were answered from, by day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: Counter[tuple[int, str]] = Counter()
        self.errors = 0

    def page(self, day: int, cache: str) -> None:
        with self._lock:
            self._pages[day, cache] += 1

    def error(self) -> None:
        with self._lock:
            self.errors += 1

    def hit_rate(self, day: int) -> float:
        pages = {cache: number for (at, cache), number in self._pages.items() if at == day}
        return 100 * pages.get("HIT", 0) / max(1, sum(pages.values()))

    def pages(self) -> int:
        return sum(self._pages.values())


def live(nova: Nova) -> None:
    """Two days of all of them."""
    head(f"{PEOPLE:,} people, {SESSIONS_A_DAY} sessions a day, two days of {DAY / 60:.0f} minutes")
    tally, started = Tally(), time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        for due, person in schedule():
            time.sleep(max(0.0, started + due - time.monotonic()))
            pool.submit(session, nova, person, int(due // DAY), tally)
    tell(Figure("hit rate of the first day, from an empty cache", tally.hit_rate(0), "%"))
    tell(Figure("hit rate of the second day", tally.hit_rate(1), "%", at_least=95))
    tell(Figure("pages served", tally.pages(), ""))
    tell(Figure("errors", tally.errors, "", at_most=0))


def schedule() -> list[tuple[float, int]]:
    """When who comes, in seconds: somewhere in each quarter of each day."""
    rng, quarter = random.Random(1), DAY / SESSIONS_A_DAY
    return sorted(
        (quarter * (number + rng.random()), person)
        for person in range(PEOPLE)
        for number in range(SESSIONS_A_DAY * DAYS)
    )


def session(nova: Nova, person: int, day: int, tally: Tally) -> None:
    from nova.api import jwt

    client = Client(nova.port, jwt.sign(f"person-{person}", lifetime=600))
    try:
        _session(client, day, tally)
    except Exception as error:  # noqa: BLE001 - whatever went wrong counts as one
        tally.error()
        say(f"  {type(error).__name__}: {error}")
    finally:
        client.close()


def _session(client: Client, day: int, tally: Tally) -> None:
    cursor, rng = None, random.Random()
    for number in range(PAGES):
        page = client.call("GET", "/reels" + (f"?cursor={cursor}" if cursor else ""))
        tally.page(day, client.headers["X-Cache"])
        _watch(client, page["data"], rng)
        if number == 1 and page["data"]:
            client.call("POST", f"/reels/{rng.choice(page['data'])['id']}/like")
        cursor = page["next_cursor"]
        if cursor is None:
            return
        time.sleep(60 / SCALE)


def _watch(client: Client, videos: list[dict[str, Any]], rng: random.Random) -> None:
    events = [
        {"video_id": each["id"], "completion_percent": rng.randrange(101)} for each in videos[: WATCHES // PAGES + 1]
    ]
    if events:
        client.call("POST", "/reels/watch", {"events": events})
