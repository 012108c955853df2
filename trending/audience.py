"""Who came to a sound or hashtag in the last two hours: people each once, however often they came."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nova.clients import clickhouse
from trending import scoring
from trending.kinds import ENGAGED, LISTS, Kind

MOST = 10_000
TIMEOUT = 60

# Straight from the event log, where a redelivered event adds no person. Hashes of people live for this query alone.
CAME = """
SELECT key, list, item, people, decayed, creators, visits, leader FROM
(
    SELECT key, count() AS people, sum(exp2(-age / %(half_life)s)) AS decayed FROM
    (
        SELECT cityHash64({lists}, item) AS key, cityHash64(user_id) AS person, min(age) AS age
        FROM ({events}) GROUP BY key, person
    )
    GROUP BY key HAVING people >= %(fewest)s
) AS came
JOIN
(
    SELECT key, any(list) AS list, any(item) AS item, count() AS creators, sum(people) AS visits, max(people) AS leader
    FROM
    (
        SELECT {lists} AS list, item, cityHash64(list, item) AS key, creator_id, uniq(cityHash64(user_id)) AS people
        FROM ({events}) GROUP BY list, item, creator_id
    )
    GROUP BY key HAVING creators >= %(creators)s
) AS creators USING key
ORDER BY people DESC, key LIMIT %(most)s
"""
EVENTS = """
SELECT user_id, creator_id, category, item,
    (%(now)s - toUnixTimestamp64Milli(occurred_at)) / 3600000 AS age
FROM engagement_event_log ARRAY JOIN {used} AS item
WHERE toStartOfHour(occurred_at) >= toStartOfHour(fromUnixTimestamp64Milli(%(since)s))
  AND occurred_at > fromUnixTimestamp64Milli(%(since)s)
  AND occurred_at <= fromUnixTimestamp64Milli(%(now)s)
  AND item <> '' AND {engaged}
"""


class Came(NamedTuple):
    key: int
    category: str
    item: str
    people: int
    decayed: float
    creators: int
    visits: int
    leader: int


def of(kind: Kind, now: dt.datetime) -> list[Came]:
    """What had enough people and creators to be judged at all, in each category and in all. Raises ClickHouseError."""
    milliseconds = int(now.timestamp() * 1000)
    events = EVENTS.format(used=kind.used, engaged=ENGAGED)
    parameters = {
        "now": milliseconds,
        "since": milliseconds - int(scoring.HORIZON * 3_600_000),
        "half_life": scoring.HALF_LIFE,
        "fewest": scoring.FEWEST_PEOPLE,
        "creators": scoring.FEWEST_CREATORS,
        "most": MOST,
    }
    rows = clickhouse.select(CAME.format(lists=LISTS, events=events), parameters, timeout=TIMEOUT)
    return [Came(*row) for row in rows]


def columns(rows: Sequence[Came]) -> scoring.Now:
    numbers = np.array([row[3:] for row in rows], np.float64).reshape(-1, 5).T
    people, decayed, creators, visits, leader = numbers
    return scoring.Now(decayed=decayed, people=people, creators=creators, visits=visits, leader=leader)
