"""How many videos used something in the last 24 hours, and its rank by that."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from nova.clients import clickhouse
from trending.kinds import LISTS, Kind

WINDOW = dt.timedelta(hours=24)
LISTED = 150  # more than is ever shown: blocks must not make a list short
MOST_ROWS = 200 * LISTED  # categories are free text: beyond 200 their lists get shorter, all alike
TIMEOUT = 60
NOBODY = [0]  # an IN must not be empty

# Distinct videos by category first, then their sum for the list of everything: a video that changed its category
# within the window counts there twice. The window before is there for how ranks changed.
RANKED = """
SELECT key, list, item, videos, rank, if(videos_before = 0, 0, rank_before) FROM
(
    SELECT *,
        row_number() OVER (PARTITION BY list ORDER BY videos DESC, item) AS rank,
        row_number() OVER (PARTITION BY list ORDER BY videos_before DESC, item) AS rank_before
    FROM
    (
        SELECT {lists} AS list, item, cityHash64(list, item) AS key, sum(now) AS videos, sum(before) AS videos_before
        FROM
        (
            SELECT item, category,
                uniqExactIf(cityHash64(video_id), last_at > fromUnixTimestamp64Milli(%(since)s, 'UTC')) AS now,
                uniqExactIf(cityHash64(video_id), last_at <= fromUnixTimestamp64Milli(%(since)s, 'UTC')) AS before
            FROM trending_uses
            WHERE kind = %(kind)s
              AND last_at > fromUnixTimestamp64Milli(%(before)s, 'UTC')
              AND hour >= toStartOfHour(fromUnixTimestamp64Milli(%(before)s, 'UTC'))
              AND hour <= fromUnixTimestamp64Milli(%(now)s, 'UTC')
            GROUP BY item, category
        )
        GROUP BY list, item
    )
)
WHERE videos > 0 AND (rank <= %(listed)s OR key IN %(keys)s)
ORDER BY rank, list LIMIT %(most)s
"""


class Used(NamedTuple):
    """`rank_before` is that of the 24 hours before; 0 when nothing used it then."""

    key: int
    category: str
    item: str
    videos: int
    rank: int
    rank_before: int

    @property
    def change(self) -> int | None:
        return self.rank_before - self.rank if self.rank_before else None


def ranked(kind: Kind, now: dt.datetime, also: Sequence[int]) -> list[Used]:
    """The most used of each category and of all, best first, and those with these keys. Raises ClickHouseError."""
    parameters = {
        "kind": kind.name,
        "now": milliseconds(now),
        "since": milliseconds(now - WINDOW),
        "before": milliseconds(now - 2 * WINDOW),
        "listed": LISTED,
        "keys": list(also) or NOBODY,
        "most": MOST_ROWS + len(also),
    }
    return [Used(*row) for row in clickhouse.select(RANKED.format(lists=LISTS), parameters, timeout=TIMEOUT)]


def milliseconds(at: dt.datetime) -> int:
    return int(at.timestamp() * 1000)
