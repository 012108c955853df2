"""`python -m tests.benchmarks.search [--million]`: what a search costs, on engines of its own.

Goals and figures stand in docs/performance.md. Load comes from the same two cores that serve it.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.benchmarks.clients import Client, latencies
from tests.benchmarks.engagement import manage, use
from tests.benchmarks.report import Figure, head, percentile, say, tell
from tests.integration.running import Nova

if TYPE_CHECKING:
    from tests.benchmarks.wordy_catalogues import Words

SMALL, LARGE = 200_000, 1_000_000
GOALS = {SMALL: 50, LARGE: 80}  # ms
SEARCHES = 300
EACH = 60


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="nova-bench-") as folder:
        var = Path(folder) / "var"
        manage(var, "engines", "start")
        try:
            manage(var, "migrate", "--verbosity=0")
            manage(var, "migrate_clickhouse")
            use(var)
            figures(var)
        finally:
            manage(var, "engines", "stop")


def figures(var: Path) -> None:
    from tests.benchmarks.wordy_catalogues import Words, fill

    words, already = Words(random.Random(7)), 0
    for videos in (SMALL, LARGE) if "--million" in sys.argv else (SMALL,):
        head(f"{videos:,} videos")
        fill(videos, words, already=already)
        tell(index_figure())
        tell(tidy_figure())
        vocabulary_figures()
        latency_figures(var, words, videos)
        already = videos


def index_figure() -> Figure:
    """As after an import: every video is in the queue."""
    from ranking.search import indexing
    from reels import index_queue

    index_queue.all_changed(above=0)
    started, indexed = time.perf_counter(), 0
    for number in indexing.batches():
        indexed += number
    return Figure("indexing", indexed / (time.perf_counter() - started), "videos/s", at_least=3_000)


def tidy_figure() -> Figure:
    """What ClickHouse does by itself within the hour, and `index_videos --all` at its end."""
    from ranking.search import store

    started = time.perf_counter()
    store.tidy()
    return Figure("merging the parts of the index", time.perf_counter() - started, "s")


def vocabulary_figures() -> None:
    from ranking.search import dictionary
    from ranking.search.engine import spelling

    started = time.perf_counter()
    vocabulary = dictionary.words.get()
    tell(Figure("vocabulary read", (time.perf_counter() - started) * 1000, "ms"))
    tell(Figure("vocabulary, words", len(vocabulary), ""))
    tell(Figure("vocabulary, memory", vocabulary.nbytes / 1e6, "MB", at_most=15))
    rng = random.Random(3)
    words = [misspelt(rng, vocabulary.word(rng.randrange(len(vocabulary)))) for _ in range(200)]
    taken = latencies((partial(spelling.corrections, word, vocabulary) for word in words), len(words))
    tell(Figure("one correction, p95", percentile(taken, 0.95), "ms", at_most=5))


def latency_figures(var: Path, words: "Words", videos: int) -> None:
    from nova.api import jwt

    nova = Nova(var, "--no-limit", "--no-demo")
    try:
        nova.wait_until_ready()
        client = Client(nova.port, jwt.sign("searcher", lifetime=3600))
        rng = random.Random(11)
        latencies(searches(client, rng, words, mixed(rng, words)), 60)  # connections and the vocabulary
        for name, query in kinds(rng, words).items():
            taken = latencies(searches(client, rng, words, query), EACH)
            tell(Figure(f"{name}, p50", statistics.median(taken), "ms"))
            tell(Figure(f"{name}, p95", percentile(taken, 0.95), "ms"))
        taken = latencies(searches(client, rng, words, mixed(rng, words)), SEARCHES)
        tell(Figure("all of these mixed, p50", statistics.median(taken), "ms"))
        tell(Figure("all of these mixed, p95", percentile(taken, 0.95), "ms", at_most=GOALS[videos]))
        tell(lag_figure(client))
    finally:
        nova.stop()


Query = Callable[[], Mapping[str, str]]


def kinds(rng: random.Random, words: "Words") -> dict[str, Query]:
    def text(*ranks: tuple[int, int]) -> Query:
        return lambda: {"q": " ".join(words.between(*each) for each in ranks)}

    return {
        "a very common word": text((0, 10)),
        "two very common words": text((0, 10), (0, 10)),
        "a usual word": text((100, 2_000)),
        "two usual words": text((20, 1_000), (20, 1_000)),
        "a common and a rare one": text((0, 20), (5_000, 40_000)),
        "four words": text((10, 300), (10, 1_000), (10, 3_000), (10, 10_000)),
        "an unfinished word": lambda: {"q": words.between(10, 10_000)[:4]},
        "a misspelt word": lambda: {"q": misspelt(rng, words.between(10, 10_000))},
        "two, one misspelt": lambda: {"q": f"{words.between(10, 300)} {misspelt(rng, words.between(50, 5_000))}"},
        "with filters": lambda: {"q": words.between(10, 300), "category": "category-3", "date_from": "2026-06-01"},
    }


def mixed(rng: random.Random, words: "Words") -> Query:
    every = list(kinds(rng, words).values())
    return lambda: rng.choice(every)()


def searches(client: Client, rng: random.Random, words: "Words", query: Query) -> Iterator[Callable[[], Any]]:
    while True:
        yield partial(client.call, "GET", f"/reels/search?{urlencode(query())}")


def misspelt(rng: random.Random, word: str) -> str:
    at, letter = rng.randrange(1, len(word)), rng.choice("abcdefghijklmnopqrstuvwxyz")
    swapped = word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]
    return rng.choice((word[:at] + word[at + 1 :], word[:at] + letter + word[at:], swapped))


def lag_figure(client: Client) -> Figure:
    """From a video's commit until it is found, the longest of some."""
    from django.utils import timezone

    from reels import catalogue
    from reels.models import Creator, Video

    longest = 0.0
    for number in range(5):
        word = f"zzyzx{number}q{time.time_ns()}"
        catalogue.save([Video(creator=Creator(id="late"), title=word, created_at=timezone.now())])
        started = time.perf_counter()
        while not client.call("GET", f"/reels/search?q={word}")["data"]:
            time.sleep(0.05)
        longest = max(longest, time.perf_counter() - started)
    return Figure("from commit to found, the longest", longest, "s", at_most=5)


if __name__ == "__main__":
    main()
    say("")
