"""Who came to a sound or hashtag in the last two hours: people each once, however often they came."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nova.clients import clickhouse
from trending import scoring
from trending.kinds import ENGAGED, LISTS, Kind
from trending.scoring import FAST, SLOW, Faded

MOST = 10_000  # as many as a statement about them has room for
TIMEOUT = 60

# Straight from the event log, where a redelivered event adds no person. Hashes of people live for this query alone.
CAME = """
SELECT key, list, item, people, creators, fast, fast_visits, fast_leader, slow, slow_visits, slow_leader FROM
(
    SELECT key, count() AS people, sum(exp2(-age / %(fast)s)) AS fast, sum(exp2(-age / %(slow)s)) AS slow FROM
    (
        SELECT cityHash64({lists}, item) AS key, cityHash64(user_id) AS person, min(age) AS age
        FROM ({events}) GROUP BY key, person
    )
    GROUP BY key HAVING people >= %(fewest)s
) AS everybody
JOIN
(
    SELECT key, any(list) AS list, any(item) AS item, count() AS creators,
        sum(fast) AS fast_visits, max(fast) AS fast_leader, sum(slow) AS slow_visits, max(slow) AS slow_leader
    FROM
    (
        SELECT key, creator, any(list) AS list, any(item) AS item,
            sum(exp2(-age / %(fast)s)) AS fast, sum(exp2(-age / %(slow)s)) AS slow
        FROM
        (
            SELECT {lists} AS list, item, cityHash64(list, item) AS key, cityHash64(creator_id) AS creator,
                cityHash64(user_id) AS person, min(age) AS age
            FROM ({events}) GROUP BY list, item, creator, person
        )
        GROUP BY key, creator
    )
    GROUP BY key HAVING creators >= %(creators)s
) AS by_creator USING key
ORDER BY people DESC, key LIMIT %(most)s
"""
EVENTS = """
SELECT user_id, creator_id, category, item,
    (%(now)s - toUnixTimestamp64Milli(occurred_at)) / 3600000 AS age
FROM engagement_event_log ARRAY JOIN {used} AS item
WHERE toStartOfHour(occurred_at) >= toStartOfHour(fromUnixTimestamp64Milli(%(since)s, 'UTC'))
  AND occurred_at > fromUnixTimestamp64Milli(%(since)s, 'UTC')
  AND occurred_at <= fromUnixTimestamp64Milli(%(now)s, 'UTC')
  AND item <> '' AND {engaged}
"""


class Came(NamedTuple):
    key: int
    category: str
    item: str
    people: int
    creators: int
    fast: float
    fast_visits: float
    fast_leader: float
    slow: float
    slow_visits: float
    slow_leader: float


def of(kind: Kind, now: dt.datetime) -> list[Came]:
    """What had enough people and creators to be judged at all, in each category and in all. Raises ClickHouseError."""
    milliseconds = int(now.timestamp() * 1000)
    events = EVENTS.format(used=kind.used, engaged=ENGAGED)
    parameters = {
        "now": milliseconds,
        "since": milliseconds - int(scoring.HORIZON * 3_600_000),
        "fast": scoring.FAST.half_life,
        "slow": scoring.SLOW.half_life,
        "fewest": scoring.FEWEST_PEOPLE,
        "creators": scoring.FEWEST_CREATORS,
        "most": MOST,
    }
    rows = clickhouse.select(CAME.format(lists=LISTS, events=events), parameters, timeout=TIMEOUT)
    return [Came(*row) for row in rows]


def columns(rows: Sequence[Came]) -> scoring.Now:
    numbers = np.array([row[3:] for row in rows], np.float64).reshape(-1, 8).T
    people, creators = numbers[:2]
    return scoring.Now(people, creators, (Faded(FAST, *numbers[2:5]), Faded(SLOW, *numbers[5:])))
