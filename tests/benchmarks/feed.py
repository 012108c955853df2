"""`python -m tests.benchmarks.feed`: what a feed costs, from an empty view to a million videos, on engines of its own.

Goals and figures stand in docs/performance.md. Load comes from the same two cores that serve it. `--short` leaves out
ten minutes of people who come and go, and the million videos. What is compared across sizes is measured on engines of
the same age, and the smallest size again at the end: such machines are faster in one half hour than in the next.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from types import MappingProxyType

import psutil

from nova.engines import choices
from tests.benchmarks import sessions, wrk
from tests.benchmarks.clients import feed_url, token_of
from tests.benchmarks.engines import manage, use
from tests.benchmarks.misses import SIZES, Misses, grow, miss_figures, tell_growth
from tests.benchmarks.report import Figure, head, percentile, tell
from tests.integration.running import Nova

PEOPLE = 64  # whose feeds are hit in turn, so that workers hold their lists
CROWD = 3_000  # too many for that
ROUNDS, SECONDS = 5, 4
AT_ONCE = 1_000
WARMED, WARM_BATCH = 1_000, 10
BESIDE = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings"}
MIB = 1024 * 1024


def main() -> None:
    short = "--short" in sys.argv
    if not wrk.is_there():
        raise SystemExit("The load comes from wrk, which is not here: apt install wrk.")
    smallest, *larger = SIZES
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as alone:
        before = alone.submit(all_figures, smallest, short).result()
        beyond = alone.submit(misses_of, larger[: 1 if short else None]).result()
        after = alone.submit(misses_of, [smallest]).result()[smallest]
    tell_growth(smallest, (before, after), beyond)


def all_figures(videos: int, short: bool) -> Misses:
    """Of a catalogue of that size."""
    with engines() as var:
        grow(0, videos)
        with running(var) as nova:
            slow = miss_figures(nova, videos)
            hit_figures(nova)
            tell(at_once_figure(nova))
            tell(warm_up_figure())
            memory_per_feed()
        if not short:
            with running(var, sessions.VARIABLES) as nova:
                sessions.live(nova)
                memory_figures(nova)
    return slow


def misses_of(sizes: Sequence[int]) -> dict[int, Misses]:
    """Of a catalogue that grows to these."""
    with engines() as var:
        grow(0, sizes[0])
        with running(var) as nova:
            slow = {sizes[0]: miss_figures(nova, sizes[0])}
            for already, videos in pairwise(sizes):
                grow(already, videos)
                slow[videos] = miss_figures(nova, videos)
    return slow


@contextmanager
def engines() -> Iterator[Path]:
    """Fresh ones, which this process uses from here on: its last, for settings are read once."""
    with tempfile.TemporaryDirectory(prefix="nova-bench-") as folder:
        var = Path(folder) / "var"
        manage(var, "engines", "start")
        try:
            manage(var, "migrate", "--verbosity=0")
            manage(var, "migrate_clickhouse")
            use(var)
            yield var
        finally:
            manage(var, "engines", "stop")


@contextmanager
def running(var: Path, variables: Mapping[str, str] = MappingProxyType({})) -> Iterator[Nova]:
    from nova.clients import redis

    redis.connection().flushdb()
    nova = Nova(var, "--no-limit", "--no-demo", variables={**BESIDE, **variables})
    try:
        nova.wait_until_ready()
        yield nova
    finally:
        nova.stop()


def hit_figures(nova: Nova) -> None:
    """Of several rounds in which everything takes its turn; the medians."""
    head("A feed that is there")
    people = [token_of(f"person-{number}") for number in range(PEOPLE)]
    empty, port = start_empty()
    try:
        urls = {
            "empty Django view": f"http://127.0.0.1:{port}/empty",
            "empty ViewSet": f"http://127.0.0.1:{nova.port}/api/v1/empty",
            "ViewSet with a PING": f"http://127.0.0.1:{nova.port}/api/v1/asking",
            "feed": feed_url(nova),
        }
        for url in urls.values():
            wrk.load(url, people, clients=16, seconds=1)  # feeds are built, code is warm
        rounds = [{name: wrk.load(url, people, clients=16, seconds=SECONDS) for name, url in urls.items()}
                  for _ in range(ROUNDS)]  # fmt: skip
        alone = wrk.load(urls["feed"], people, clients=1, seconds=SECONDS)
        many = crowd_with_feeds()
        wrk.load(urls["feed"], many, clients=16, seconds=2 * SECONDS)  # their tokens are known to both workers
        crowd = wrk.load(urls["feed"], many, clients=16, seconds=SECONDS)
    finally:
        empty.terminate()
        empty.wait(20)
    tell_hits(rounds, alone)
    tell(Figure(f"feed of {CROWD:,} in turn, 16 clients", crowd.per_second, "requests/s"))


def crowd_with_feeds() -> list[str]:
    """The tokens of more people than a worker holds lists of, whose feeds are there."""
    from ranking import warming

    crowd = [f"one-of-many-{number}" for number in range(CROWD)]
    warming.warm(crowd, WARM_BATCH, lambda done: None)
    return [token_of(each) for each in crowd]


def tell_hits(rounds: list[dict[str, wrk.Load]], alone: wrk.Load) -> None:
    for clients, load in ((1, alone), (16, rounds[-1]["feed"])):
        who = f"hit, {clients} client" + "s" * (clients > 1)
        tell(Figure(f"{who}, p50", load.p50, "ms"))
        tell(Figure(f"{who}, p95", load.p95, "ms", at_most=10 if clients == 1 else None))
        tell(Figure(f"{who}, p99", load.p99, "ms"))
    tell(Figure("hit, 1 client", alone.per_second, "requests/s"))
    for name in rounds[0]:
        speed = statistics.median(each[name].per_second for each in rounds)
        tell(Figure(f"{name}, 16 clients", speed, "requests/s"))
    for name, goal in (("empty Django view", 0.3), ("empty ViewSet", 0.75), ("ViewSet with a PING", None)):
        share = statistics.median(each["feed"].per_second / each[name].per_second for each in rounds)
        tell(Figure(f"feed / {name}", share, "", at_least=goal))
    tell(Figure("errors", sum(load.errors for each in rounds for load in each.values()), "", at_most=0))


def start_empty() -> tuple[subprocess.Popen[bytes], int]:
    """A Django that does nothing, on the same server with as many workers."""
    from nova.management.commands.up import answers
    from tests.integration.running import wait_for

    port = choices.free_port()
    serve = "from nova import web; web.main('tests.benchmarks.empty:application')"
    command = [sys.executable, "-c", serve, "--port", str(port), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def is_up() -> bool:
        try:
            answers(f"http://127.0.0.1:{port}/empty")
        except OSError:
            return False
        return True

    wait_for(is_up, 20)
    return process, port


def at_once_figure(nova: Nova) -> Figure:
    """One request each on as many connections at once."""
    tokens = [token_of(f"person-{number}") for number in range(PEOPLE)]
    statuses, taken = asyncio.run(_at_once(nova.port, tokens))
    tell(Figure(f"{AT_ONCE:,} requests at once, p50", percentile(taken, 0.5), "ms"))
    tell(Figure(f"{AT_ONCE:,} requests at once, p99", percentile(taken, 0.99), "ms"))
    return Figure("refused or failed of them", sum(status != b"200" for status in statuses), "", at_most=0)


async def _at_once(port: int, tokens: list[str]) -> tuple[list[bytes], list[float]]:
    async def ask(number: int) -> tuple[bytes, float]:
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        token = tokens[number % len(tokens)]
        writer.write(
            f"GET /api/v1/reels HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
        answer = await reader.read(-1)
        writer.close()
        return answer.split(b" ", 2)[1], (time.perf_counter() - started) * 1000

    answers = await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))
    return [status for status, _ in answers], [taken for _, taken in answers]


def warm_up_figure() -> Figure:
    """As `manage.py warm_feeds` does it, from the list of people to the last feed in Redis."""
    from ranking import warming

    people = warming.most_active(WARMED)
    warming.warm(people[:50], WARM_BATCH, lambda done: None)  # the signal table is loaded once
    started = time.perf_counter()
    assert warming.warm(people, WARM_BATCH, lambda done: None) == WARMED
    return Figure(f"warm-up of {WARMED:,} people", time.perf_counter() - started, "s", at_most=2)


def memory_per_feed() -> None:
    """What Redis holds for each person: the list, its name and index, and the profile that stands in."""
    from nova.clients import redis

    for what, pattern in (("feed", "feed:*:person-1?0*"), ("profile", "profile:u:person-1?0*")):
        keys = list(redis.connection().scan_iter(pattern, count=10_000))
        people = {key.split(b":")[2] for key in keys}
        size = sum(redis.connection().memory_usage(key) for key in keys)
        tell(Figure(f"memory per person in Redis, {what}", size / max(1, len(people)) / 1024, "KiB"))


def memory_figures(nova: Nova) -> None:
    """Of all of a pod: the server's own process and its two workers, what they share counted once."""
    children = psutil.Process(nova.process.pid).children()
    server = next(child for child in children if "nova.web" in " ".join(child.cmdline()))
    sizes = {each.pid: each.memory_full_info().pss / MIB for each in (server, *server.children(recursive=True))}
    for pid, size in sizes.items():
        tell(Figure("the web server" if pid == server.pid else "a web worker after ten minutes' load", size, "MiB"))
    tell(Figure("web pod with 2 workers", sum(sizes.values()), "MiB", at_most=300))


if __name__ == "__main__":
    main()
