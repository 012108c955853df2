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
LONGEST_SUM = 60  # seconds
LONGEST_REFRESH = 90  # seconds until one that died no longer keeps others from it
HOURS_AT_ONCE = 22  # that video_signal_hours_fill sums beside the hour that is on and the one before
DUE = "SELECT count() FROM signal_hours_due"
# An hour whose events were all erased has nothing to sum. It would be due for ever, in the place of others.
NOTHING_LEFT = """
INSERT INTO signal_hours_summed
WITH due AS (SELECT hour FROM signal_hours_due WHERE touched_at < now64(3) - INTERVAL 2 MINUTE)
SELECT hour, now64(3) FROM due WHERE hour NOT IN
(
    SELECT toStartOfHour(occurred_at) FROM engagement_event_log
    WHERE toStartOfHour(occurred_at) IN due AND kind IN ('watch', 'like', 'unlike', 'share', 'comment')
)
"""
# Whether an hour that the sums of the past hold was summed again since they were built, or while they were; and
# whether building them has rested for ten times as long as it takes. Hours are summed within two minutes, mostly within
# ten seconds: they count again when either has passed.
PAST = """
WITH (SELECT max(until) FROM video_signal_past) AS known_until,
    (SELECT max(built_at) FROM video_signal_past) AS built
SELECT
    (SELECT countIf(summed_at > built - INTERVAL 10 SECOND OR summed_at < now64(3) - INTERVAL 2 MINUTE)
     FROM signal_hours_summed
     WHERE summed_at > built - INTERVAL 2 MINUTE
       AND hour < if(known_until = 0, toStartOfHour(now()) - INTERVAL 2 HOUR, known_until)
    ) > 0,
    (SELECT max(now() - last_success_time > 10 * last_success_duration_ms / 1000) FROM system.view_refreshes
     WHERE database = currentDatabase() AND view = 'video_signal_past_fill')
"""


def refresh(*, at_once: bool = True) -> SignalTable:
    """Sum what is due in ClickHouse, build the table and publish it.

    Raises ClickHouseError and RedisError: what was published before stays.
    """
    sum_hours(at_once=at_once)
    table = candidates.build()
    publish(table)
    return table


def refresh_alone() -> SignalTable | None:
    """The same, unless somebody is at it already. Raises what `refresh` raises."""
    with redis.alone("refresh-signals", seconds=LONGEST_REFRESH) as is_alone:
        return refresh(at_once=False) if is_alone else None


def sum_hours(*, at_once: bool = True) -> None:
    """Have ClickHouse bring its sums up to date now instead of in its own time: those of the hours, and those of the
    past when they changed. Unless it is `at_once`, only as much as can be done with ease: the last hours with a portion
    of the others, and the past not too often."""
    ((due,),) = clickhouse.select(DUE)
    for _ in range(1 + due // HOURS_AT_ONCE if at_once else 1):
        _refresh("video_signal_hours_fill")
    clickhouse.run(NOTHING_LEFT, timeout=LONGEST_SUM)
    ((changed, rested),) = clickhouse.select(PAST)
    if changed and (rested or at_once):
        _refresh("video_signal_past_fill")


def _refresh(view: str) -> None:
    clickhouse.run(f"SYSTEM REFRESH VIEW {view}", timeout=LONGEST_SUM)
    clickhouse.run(f"SYSTEM WAIT VIEW {view}", timeout=LONGEST_SUM)


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
