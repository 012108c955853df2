"""What a miss costs: a feed that must be built, out of catalogues of several sizes."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple

from tests.benchmarks import wrk
from tests.benchmarks.clients import Client, feed_url, latencies, token_of
from tests.benchmarks.report import Figure, head, percentile, say, tell
from tests.integration.running import Nova

MISSES = 2_000
SECONDS = 4  # with 16 clients
SETTLING = 15  # seconds
SIZES = {10_000: 200_000, 100_000: 1_000_000, 1_000_000: 10_000_000}  # videos and events


class Misses(NamedTuple):
    """p95 in ms, right after a bulk load and when the engines have settled."""

    loaded: float
    settled: float


def grow(already: int, videos: int) -> None:
    """Make the catalogue as large as that, with what people did to it, and a signal table of it."""
    from ranking import publishing
    from tests.benchmarks import catalogues

    started = time.perf_counter()
    catalogues.fill(videos, already=already)
    catalogues.watch(SIZES[videos] - SIZES.get(already, 0), videos)
    publishing.refresh()
    say(f"\n  ({videos:,} videos and {SIZES[videos]:,} events made in {time.perf_counter() - started:.0f} s)")


_strangers = count()


def miss_figures(nova: Nova, videos: int) -> Misses:
    """First pages of people whose feed nobody has built, one after the other. Twice: engines that have just taken a
    catalogue in bulk have cold caches and parts to merge, which tells more of the load than of its size."""
    head(f"A feed that must be built, {videos:,} videos")
    wait_until_calm()
    client = Client(nova.port, token_of("person-0"))
    loaded = percentile(latencies(first_pages(client), MISSES), 0.95)
    tell(Figure("right after the bulk load: miss, one client, p95", loaded, "ms", at_most=30))
    time.sleep(SETTLING)
    wait_until_calm()
    taken = latencies(first_pages(client), MISSES)
    tell(Figure("miss, one client, p50", percentile(taken, 0.5), "ms"))
    tell(Figure("miss, one client, p95", percentile(taken, 0.95), "ms", at_most=30))
    tell(Figure("miss, one client, p99", percentile(taken, 0.99), "ms"))
    strangers = [token_of(f"person-{1_000 + next(_strangers)}") for _ in range(3_000)]
    many = wrk.load(feed_url(nova), strangers, clients=16, seconds=SECONDS)
    tell(Figure("miss, 16 clients", many.per_second, "requests/s"))
    tell(Figure("miss, 16 clients, p95", many.p95, "ms"))
    tell(Figure("errors", many.errors, "", at_most=0))
    return Misses(loaded, percentile(taken, 0.95))


def first_pages(client: Client) -> Iterator[Callable[[], object]]:
    while True:
        client.authorize(token_of(f"person-{1_000 + next(_strangers)}"))
        yield partial(client.call, "GET", "/reels")


def wait_until_calm() -> None:
    """Until ClickHouse has merged what was inserted in bulk: a minute at most."""
    from nova.clients import clickhouse

    deadline = time.monotonic() + 60
    while clickhouse.select("SELECT count() FROM system.merges")[0][0] and time.monotonic() < deadline:
        time.sleep(0.5)


def tell_growth(smallest: int, twice: Sequence[Misses], larger: Mapping[int, Misses]) -> None:
    """Of the largest beside the smallest, of which there are figures from before and after: their mean counts."""
    head("The same feed out of larger catalogues")
    for when in Misses._fields:
        taken = [getattr(each, when) for each in twice]
        for order, each in zip(("before", "after"), taken, strict=True):
            tell(Figure(f"{when}: miss p95, {smallest:,} videos, {order}", each, "ms"))
        for videos, misses in larger.items():
            tell(Figure(f"{when}: miss p95, {videos:,} videos", getattr(misses, when), "ms"))
        growth = getattr(larger[max(larger)], when) / statistics.mean(taken)
        tell(Figure(f"{when}: largest / smallest", growth, "", at_most=1.5))
