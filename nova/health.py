"""Whether the engines answer: for `/health`, readiness and `manage.py engines status`.

Each is asked on a connection of its own, past breakers and pools: a probe must tell the truth, and takes nothing away
from requests. All are asked at once, in threads, because not every driver keeps its word about timeouts.
"""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from nova.clients import breaker, clickhouse, kafka, redis
from nova.database import connection as postgresql

TIMEOUT = 0.5  # seconds for all of them together


@dataclass(frozen=True)
class EngineHealth:
    """`breaker` is what this process thinks of the engine: "closed", "half_open" or "open"."""

    name: str
    ok: bool
    latency_ms: float
    error: str = ""
    breaker: str = "closed"


PINGS: dict[str, Callable[[], object]] = {
    "postgresql": postgresql.ping,
    "redis": lambda: redis.ping(TIMEOUT),
    "clickhouse": lambda: clickhouse.ping(TIMEOUT),
    "kafka": kafka.ping,
}


def names() -> list[str]:
    """The engines that are in use: Kafka is one where it is set."""
    return [name for name in PINGS if name != "kafka" or kafka.enabled()]


def check(name: str) -> EngineHealth:
    return check_engines([name])[0]


def check_engines(wanted: Iterable[str] | None = None) -> list[EngineHealth]:
    """All engines that are in use, or those wanted; half a second at most."""
    deadline = time.monotonic() + TIMEOUT
    answers = [(name, probes.ask(name)) for name in (names() if wanted is None else wanted)]
    return [_health(name, answer, deadline) for name, answer in answers]


def _health(name: str, answer: "Future[tuple[str, float]]", deadline: float) -> EngineHealth:
    try:
        error, seconds = answer.result(max(0, deadline - time.monotonic()))
    except TimeoutError:
        error, seconds = "TimeoutError", TIMEOUT
    state = breaker.breaker_of(name).state.name.lower()
    return EngineHealth(name, not error, seconds * 1000, error, state)


class Probes:
    """At most one probe per engine is under way: who asks while one hangs shares it, so that threads cannot pile up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None  # made when first needed: threads do not survive a fork
        self._under_way: dict[str, Future[tuple[str, float]]] = {}

    def ask(self, name: str) -> "Future[tuple[str, float]]":
        with self._lock:
            known = self._under_way.get(name)
            if known is None or known.done():
                self._threads = self._threads or ThreadPoolExecutor(len(PINGS), thread_name_prefix="probe")
                known = self._under_way[name] = self._threads.submit(_ping, name)
            return known


def _ping(name: str) -> tuple[str, float]:
    """The kind of error, "" when there was none, and how long it took."""
    started = time.perf_counter()
    try:
        PINGS[name]()
        error = ""
    except Exception as failure:  # noqa: BLE001 - whatever a driver raises is the answer
        error = type(failure).__name__
    return error, time.perf_counter() - started


probes = Probes()
