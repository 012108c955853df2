"""`python -m tests.benchmarks.trending`: what trending costs, on engines of its own.

Goals and figures stand in docs/performance.md. Load comes from the same two cores that serve it.
"""

import datetime as dt
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.clients import Client, latencies
from tests.benchmarks.engines import manage, use
from tests.benchmarks.report import Figure, head, percentile, tell
from tests.integration.running import Nova

EVENTS, HISTORY = 1_000_000, 1_000_000  # of the last day, and of the week before
BATCH = 50_000
VIDEOS, TAGS, SOUNDS, CREATORS, PEOPLE, CATEGORIES = 20_000, 5_000, 2_000, 2_000, 100_000, 12
DAY = 86_400
RATE, SECONDS = 28, 20  # 100,000 requests an hour
FOLLOWS = 200_000


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="nova-bench-") as folder:
        var = Path(folder) / "var"
        manage(var, "engines", "start")
        try:
            manage(var, "migrate", "--verbosity=0")
            manage(var, "migrate_clickhouse")
            use(var)
            load()
            head("Refresh")
            refresh_figures()
            settle()
            head("GET, web and worker running")
            request_figures(var)
        finally:
            manage(var, "engines", "stop")


def load() -> None:
    """A catalogue, follows, and events of eight days; tells what the views behind an insert cost."""
    from reels.catalogue import save

    catalogue = [_video(number) for number in range(VIDEOS)]
    for start in range(0, VIDEOS, 2_000):
        save(catalogue[start : start + 2_000])
    _follow()
    rng = np.random.default_rng(1)
    for ages in (rng.uniform(DAY, 8 * DAY, HISTORY), rng.uniform(0, DAY, EVENTS)):
        started = time.perf_counter()
        for start in range(0, len(ages), BATCH):
            _insert(rng, catalogue, ages[start : start + BATCH])
    tell(Figure("events into ClickHouse", EVENTS / (time.perf_counter() - started), "events/s", at_least=10_000))


def _video(number: int) -> Any:
    from django.utils import timezone

    from reels.models import Creator, Sound, Video

    rng = np.random.default_rng(number)
    return Video(
        id=uuid.uuid5(uuid.NAMESPACE_URL, str(number)),
        creator=Creator(id=f"creator-{number % CREATORS}"),
        title=f"Video {number}",
        hashtags=[f"tag{each}" for each in np.unique(_zipf(rng, 5, TAGS))],
        sound=Sound(id=f"s{_zipf(rng, 1, SOUNDS)[0]}", name="Song"),
        category=f"category-{number % CATEGORIES}",
        created_at=timezone.now(),
    )


def _zipf(rng: np.random.Generator, size: int, most: int) -> np.ndarray[Any, Any]:
    return np.power(most, rng.random(size)).astype(int)


def _follow() -> None:
    from django.utils import timezone

    from engagement.models import Follow

    rng, now = np.random.default_rng(2), timezone.now()
    rows = {
        (int(user), int(creator)): dt.timedelta(seconds=float(age))
        for user, creator, age in zip(
            rng.integers(PEOPLE, size=FOLLOWS),
            _zipf(rng, FOLLOWS, CREATORS),
            rng.uniform(0, 20 * DAY, FOLLOWS),
            strict=True,
        )
    }
    Follow.objects.bulk_create(
        [
            Follow(user_id=f"person-{user}", creator_id=f"creator-{creator}", changed_at=now - age)
            for (user, creator), age in rows.items()
        ],
        batch_size=5_000,
    )


def _insert(rng: np.random.Generator, catalogue: list[Any], ages: np.ndarray[Any, Any]) -> None:
    from nova.clients import clickhouse

    videos = [catalogue[each] for each in _zipf(rng, len(ages), VIDEOS)]
    raw, now = rng.bytes(16 * len(ages)), time.time()
    clickhouse.insert(
        "engagement_event_log",
        {
            "event_id": [uuid.UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)],
            "user_id": [f"person-{each}" for each in rng.integers(PEOPLE, size=len(ages))],
            "video_id": [video.id for video in videos],
            "creator_id": [video.creator_id for video in videos],
            "kind": ["watch"] * len(ages),
            "sound_id": [video.sound_id for video in videos],
            "hashtags": [video.hashtags for video in videos],
            "category": [video.category for video in videos],
            "occurred_at": ((now - ages) * 1000).astype(np.int64).tolist(),
        },
    )


def refresh_figures() -> None:
    from django.utils import timezone

    from trending import growth, lists, past, refreshing
    from trending.kinds import HASHTAG, SOUND

    tell(Figure("past of a week, summed for the first time", seconds(past.sum_hours), "s"))
    tell(Figure("sounds", seconds(lambda: lists.build(SOUND, timezone.now())), "s"))
    tell(Figure("hashtags", seconds(lambda: lists.build(HASHTAG, timezone.now())), "s"))
    tell(Figure(f"creators, {FOLLOWS:,} follows", seconds(lambda: growth.build(timezone.now())), "s"))
    tell(Figure(f"all of it, {EVENTS:,} events a day", seconds(refreshing.refresh), "s", at_most=5))


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def settle() -> None:
    """Wait, two minutes at most, until ClickHouse has merged what a bulk load left it to merge."""
    from nova.clients import clickhouse

    quiet, until = 0, time.monotonic() + 120
    while quiet < 5 and time.monotonic() < until:
        quiet = 0 if clickhouse.select("SELECT count() FROM system.merges")[0][0] else quiet + 1
        time.sleep(1)


def request_figures(var: Path) -> None:
    from nova.api import jwt

    nova = Nova(var, "--no-limit", "--no-demo")
    try:
        nova.wait_until_ready()
        client = Client(nova.port, jwt.sign("ann", lifetime=3600))
        calls = gets(client)
        latencies(calls, 200)
        taken = latencies(calls, 2_000)
        tell(Figure("trending, from cache, p50", percentile(taken, 0.5), "ms"))
        tell(Figure("trending, from cache, p95", percentile(taken, 0.95), "ms", at_most=10))
        discover = latencies(repeat(partial(client.call, "GET", "/discover/creators")), 300)
        tell(Figure("creators, p95", percentile(discover, 0.95), "ms", at_most=50))
        steady_figures(client)
    finally:
        nova.stop()
    tell(Figure("trending, Redis empty, one process, p95", percentile(cold(), 0.95), "ms", at_most=100))


def gets(client: Client) -> Iterator[Callable[[], object]]:
    while True:
        for what in ("sounds", "hashtags"):
            for query in ("", "?sort=rising", "?limit=20", "?category=category-3"):
                yield partial(client.call, "GET", f"/reels/trending-{what}{query}")


def steady_figures(client: Client) -> None:
    """As many requests as 100,000 an hour are, on time; a call that fails ends the benchmark."""
    calls, taken, late, started = gets(client), [], 0.0, time.perf_counter()
    for number in range(RATE * SECONDS):
        time.sleep(max(0.0, started + number / RATE - time.perf_counter()))
        late = max(late, time.perf_counter() - started - number / RATE)
        taken += latencies(calls, 1)
    tell(Figure(f"at {RATE} a second for {SECONDS} s, p95", percentile(taken, 0.95), "ms", at_most=10))
    tell(Figure("  the same, p99", percentile(taken, 0.99), "ms"))
    tell(Figure("  behind time at most", late * 1000, "ms"))
    tell(Figure("  errors", 0, "", at_most=0))


def cold() -> list[float]:
    """A process that holds nothing, with a Redis that holds no list: what ClickHouse keeps is loaded."""
    from nova.clients import redis
    from trending import publishing, serving
    from trending.kinds import HASHTAG

    taken = []
    for _ in range(20):
        redis.connection().delete(*(f"trending:hashtags{each}" for each in ("", ":last", ":version")))
        publishing.hashtags.forget()
        serving.forget()
        ask = partial(serving.trending, HASHTAG, category="", sort="usage", limit=100)
        taken.append(seconds(ask) * 1000)
    return taken


if __name__ == "__main__":
    main()
