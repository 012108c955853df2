"""The signal table on its way: built by the scheduler, published in Redis, held in memory by every web worker."""

from contextlib import suppress

import structlog

from nova.clients import clickhouse, redis
from nova.remembered import Remembered
from ranking import candidates, signal_table
from ranking.signal_table import SignalTable, UnknownFormatError

log = structlog.get_logger(__name__)
TABLE_KEY, VERSION_KEY = "signals:table", "signals:version"
LOOK_EVERY = 1.0  # seconds
LONGEST_REFRESH = 90  # seconds until one that died no longer keeps others from it
SUM_HOURS = ("SYSTEM REFRESH VIEW video_signal_hours_fill", "SYSTEM WAIT VIEW video_signal_hours_fill")


def refresh() -> SignalTable:
    """Sum what is due in ClickHouse, build the table and publish it.

    Raises ClickHouseError and RedisError: what was published before stays.
    """
    sum_hours()
    table = candidates.build()
    publish(table)
    return table


def refresh_alone() -> SignalTable | None:
    """The same, unless somebody is at it already. Raises what `refresh` raises."""
    with redis.alone("refresh-signals", seconds=LONGEST_REFRESH) as is_alone:
        return refresh() if is_alone else None


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


class Tables(Remembered[SignalTable]):
    """This process's copy. It is replaced when a newer one was published, and kept while Redis is away."""

    def __init__(self) -> None:
        super().__init__(_newest, fresh_for=LOOK_EVERY)


def _newest(ours: SignalTable | None) -> SignalTable:
    """The published table, ours if that is the same one or none can be had; the first time one that is built here."""
    return _published(ours) or ours or _build_anyhow()


def _published(ours: SignalTable | None) -> SignalTable | None:
    """The published table if it is another than ours."""
    with redis.fail_open("read_signals"), suppress(UnknownFormatError):  # a newer Nova's, while it is deployed
        version = redis.connection().get(VERSION_KEY)
        if version is None or (ours and ours.version == version.decode()):
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
