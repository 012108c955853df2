"""The past of sounds and hashtags: how many people they had, hour by hour, over eight days.

An hour is summed when it is over, and again while late events still come: in its first hours at once, later every
six hours at most, because some phone somewhere always sends what it did days ago.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nova.clients import clickhouse
from trending import scoring
from trending.kinds import ENGAGED, KINDS, LISTS, Kind
from trending.scoring import Past

HOUR = dt.timedelta(hours=1)
WEEK = 7 * 24 * HOUR
JUST_BEFORE = 6 * HOUR
AT_ONCE = 24  # hours summed by one statement
TIMEOUT = 120

DUE = """
SELECT touched.hour FROM
(
    SELECT hour, max(touched_at) AS touched_at FROM signal_hours_touched
    WHERE hour > now() - INTERVAL 8 DAY AND hour < toStartOfHour(now()) GROUP BY hour
) AS touched
LEFT JOIN
(
    SELECT hour, max(summed_at) AS summed_at FROM trending_people_hours_summed GROUP BY hour
) AS summed USING hour
WHERE touched.touched_at > summed.summed_at - INTERVAL 2 MINUTE
  AND (hour > now() - INTERVAL 4 HOUR OR summed.summed_at < now() - INTERVAL 6 HOUR)
ORDER BY touched.hour DESC
"""
# An hour with one person is as good as none: the prior allows for it, and most rows would be such.
SUM = """
INSERT INTO trending_people_hours (kind, item, category, hour, people, summed_at)
SELECT '{kind}', item, {lists} AS list, toStartOfHour(occurred_at) AS hour, uniq(cityHash64(user_id)) AS people,
    now64(3)
FROM engagement_event_log ARRAY JOIN {used} AS item
WHERE toStartOfHour(occurred_at) IN (SELECT arrayJoin(arrayMap(each -> toDateTime(each, 'UTC'), %(hours)s)))
  AND item <> '' AND {engaged}
GROUP BY list, item, hour HAVING people > 1
"""
SUMMED = """
SELECT DISTINCT toUnixTimestamp(hour) FROM trending_people_hours_summed
WHERE hour >= toDateTime(%(since)s, 'UTC') AND hour < toDateTime(%(before)s, 'UTC')
"""
OF_ITEMS = """
SELECT cityHash64(category, item) AS key, sum(people),
    sumIf(people, hour >= toDateTime(%(just_before)s, 'UTC')), sumIf(people, toHour(hour) = %(this_hour)s),
    sumIf(people, toHour(hour) = %(hour_before)s)
FROM trending_people_hours FINAL
WHERE kind = %(kind)s AND hour >= toDateTime(%(since)s, 'UTC') AND hour < toDateTime(%(before)s, 'UTC')
  AND key IN %(keys)s
GROUP BY key
"""


def sum_hours() -> int:
    """Sum what is due; returns how many hours. Again, or twice at once, changes nothing. Raises ClickHouseError."""
    due = [hour for (hour,) in clickhouse.select(DUE)]
    for start in range(0, len(due), AT_ONCE):
        _sum(due[start : start + AT_ONCE])
    return len(due)


def of(kind: Kind, now: dt.datetime, keys: Sequence[int]) -> list[Past]:
    """The pasts of these items: their week, their last hours, and this and the last hour of other days.

    Raises ClickHouseError.
    """
    before = _hour(now - dt.timedelta(hours=scoring.HORIZON))
    just_before = before - JUST_BEFORE
    this_hour, hour_before = now.hour, (now - HOUR).hour
    times = {"since": _seconds(before - WEEK), "before": _seconds(before)}
    observed = np.array([hour for (hour,) in clickhouse.select(SUMMED, times)], np.int64)
    parameters = times | {
        "kind": kind.name,
        "keys": list(keys),
        "just_before": _seconds(just_before),
        "this_hour": this_hour,
        "hour_before": hour_before,
    }
    found = {row[0]: row[1:] for row in clickhouse.select(OF_ITEMS, parameters, timeout=TIMEOUT)}
    sums = np.array([found.get(key, (0, 0, 0, 0)) for key in keys], np.float64).reshape(-1, 4).T
    of_day = observed // 3600 % 24
    seen: list[NDArray[np.bool_]] = [
        observed > 0, observed >= _seconds(just_before), of_day == this_hour, of_day == hour_before
    ]  # fmt: skip
    return [Past(people, int(hours.sum())) for people, hours in zip(sums, seen, strict=True)]


def _sum(hours: Sequence[dt.datetime]) -> None:
    """`hours` come as the server's naive UTC."""
    summed_at = dt.datetime.now(dt.UTC)
    seconds = [_seconds(hour.replace(tzinfo=dt.UTC)) for hour in hours]
    for kind in KINDS:
        sql = SUM.format(kind=kind.name, lists=LISTS, used=kind.used, engaged=ENGAGED)
        clickhouse.run(sql, {"hours": seconds}, timeout=TIMEOUT)
    clickhouse.insert(
        "trending_people_hours_summed",
        {"hour": list(hours), "summed_at": [int(summed_at.timestamp() * 1000)] * len(hours)},
    )


def _hour(at: dt.datetime) -> dt.datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _seconds(at: dt.datetime) -> int:
    return int(at.timestamp())
