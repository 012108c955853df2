"""Whether the engines answer: for `/health`, readiness and `manage.py engines status`."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from nova.clients import clickhouse, kafka, redis


@dataclass(frozen=True)
class EngineHealth:
    name: str
    ok: bool
    latency_ms: float
    error: str = ""


def _ping_postgres() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


PINGS: dict[str, Callable[[], object]] = {
    "postgresql": _ping_postgres,
    "redis": lambda: redis.connection().ping(),
    "clickhouse": lambda: clickhouse.select("SELECT 1"),
    "kafka": kafka.ping,
}


def names() -> list[str]:
    """The engines that are in use: Kafka is one where it is set."""
    return [name for name in PINGS if name != "kafka" or kafka.enabled()]


def check(name: str) -> EngineHealth:
    started = time.perf_counter()
    try:
        PINGS[name]()
        error = ""
    except Exception as failure:  # noqa: BLE001 - whatever a driver raises is the answer
        error = type(failure).__name__
    return EngineHealth(name, not error, (time.perf_counter() - started) * 1000, error)


def check_engines() -> list[EngineHealth]:
    return [check(name) for name in names()]
