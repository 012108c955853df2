"""The signal table on its way: built by the scheduler, published in Redis, held in memory by every web worker."""

import threading
import time
from contextlib import suppress

import structlog

from nova.clients import clickhouse, redis
from ranking import candidates, signal_table
from ranking.signal_table import SignalTable, UnknownFormatError

log = structlog.get_logger(__name__)
TABLE_KEY, VERSION_KEY = "signals:table", "signals:version"
LOOK_EVERY = 1.0  # seconds
SUM_HOURS = ("SYSTEM REFRESH VIEW video_signal_hours_fill", "SYSTEM WAIT VIEW video_signal_hours_fill")


def refresh() -> SignalTable:
    """Sum what is due in ClickHouse, build the table and publish it.

    Raises ClickHouseError and RedisError: what was published before stays.
    """
    sum_hours()
    table = candidates.build()
    publish(table)
    return table


def sum_hours() -> None:
    """Have ClickHouse bring the hourly sums up to date now instead of within ten seconds."""
    for statement in SUM_HOURS:
        clickhouse.run(statement, timeout=60)


def publish(table: SignalTable) -> None:
    raw = signal_table.to_bytes(table)
    version = signal_table.version_of(raw)
    pipeline = redis.connection().pipeline(transaction=True)
    pipeline.set(TABLE_KEY, raw)
    pipeline.set(VERSION_KEY, version)
    pipeline.execute()


class Tables:
    """This process's copy. It is replaced when a newer one was published, and kept while Redis is away."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._table: SignalTable | None = None
        self._looked_at = 0.0

    def current(self) -> SignalTable:
        """Builds one by itself when none was ever published."""
        if self._table is None or time.monotonic() - self._looked_at > LOOK_EVERY:
            with self._lock:
                self._look()
        assert self._table is not None
        return self._table

    def forget(self) -> None:
        self._table = None

    def _look(self) -> None:
        if self._table is not None and time.monotonic() - self._looked_at <= LOOK_EVERY:
            return  # another thread has just looked
        published = self._read()
        if published is not None:
            self._table = published
        elif self._table is None:
            self._table = _build_anyhow()
        self._looked_at = time.monotonic()

    def _read(self) -> SignalTable | None:
        """The published table if it is another than ours."""
        with redis.fail_open("read_signals"), suppress(UnknownFormatError):  # a newer Nova's, while it is deployed
            version = redis.connection().get(VERSION_KEY)
            if version is None or (self._table and self._table.version == version.decode()):
                return None
            raw = redis.connection().get(TABLE_KEY)
            return signal_table.from_bytes(raw, version.decode()) if raw else None
        return None


def _build_anyhow() -> SignalTable:
    try:
        return candidates.build()
    except clickhouse.ClickHouseError as error:
        log.warning("signals_without_clickhouse", error=str(error))
        return candidates.build_without_clickhouse()


tables = Tables()
