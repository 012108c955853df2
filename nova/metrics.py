"""What is counted, by the names that dashboards and alerts know. Consumers keep their own beside their code.

The web runs several processes. With PROMETHEUS_MULTIPROC_DIR set, each writes its numbers to files there, and whichever
process is asked answers for all of them.
"""

import os
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

CONTENT_TYPE = CONTENT_TYPE_LATEST
# A breaker that is open in one process is what an operator wants to see, whatever the others say.
BREAKER_STATE = Gauge(
    "circuit_breaker_state", "0 closed, 1 half-open, 2 open.", ["engine"], multiprocess_mode="livemax"
)
BREAKER_TRANSITIONS = Counter("circuit_breaker_transitions", "Changes of state.", ["engine", "state"])
REDIS_ERRORS = Counter("redis_errors", "Calls to Redis that failed or were refused by the breaker.")
CLICKHOUSE_ERRORS = Counter("clickhouse_query_errors", "Calls to ClickHouse that failed or were refused.")
RATE_LIMITED = Counter("rate_limited", "Requests refused because somebody asked too often.")
FEED_CACHE_HITS = Counter("feed_cache_hits", "Pages served from a feed that was ready.")
FEED_CACHE_MISSES = Counter("feed_cache_misses", "Pages for which a feed had to be built.")
FEED_CACHE_STALE = Counter("feed_cache_stale", "Pages served from an old feed because no new one could be built.")
FEED_SECONDS = Histogram(
    "feed_generation_duration_seconds",
    "From the request of a page to its answer.",
    ["cache_hit", "user_segment"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0),
)


def exposition() -> bytes:
    """All metrics in Prometheus's text format."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not folder:
        return generate_latest(REGISTRY)
    forget_dead_processes(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)
    return generate_latest(registry)


def forget_dead_processes(folder: Path) -> None:
    """Gauges of a worker that died say nothing any more; what it counted still counts."""
    for file in folder.glob("gauge_live*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{process}").exists():
            mark_process_dead(process, path=str(folder))
