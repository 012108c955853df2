"""A few videos for each sound and hashtag of a list: those that had most engagement in the window."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from nova.clients import clickhouse
from trending.kinds import LISTS, Kind
from trending.usage import TIMEOUT, WINDOW, milliseconds

AT_ONCE = 10_000  # a statement has room for 256 KiB
KEPT = 5  # more than are shown: some may be unpublished by then

MOST_ENGAGED = """
SELECT key, toString(video_id) FROM
(
    SELECT {lists} AS list, cityHash64(list, item) AS key, video_id, engaged FROM
    (
        SELECT DISTINCT item, category, video_id FROM trending_uses
        WHERE kind = %(kind)s
          AND hour >= toStartOfHour(fromUnixTimestamp64Milli(%(since)s, 'UTC'))
          AND hour <= fromUnixTimestamp64Milli(%(now)s, 'UTC')
          AND last_at > fromUnixTimestamp64Milli(%(since)s, 'UTC')
    ) AS uses
    LEFT JOIN
    (
        SELECT video_id, sum(view_count + like_count + share_count + comment_count) AS engaged
        FROM video_signal_hours FINAL
        WHERE hour >= toStartOfHour(fromUnixTimestamp64Milli(%(since)s, 'UTC')) GROUP BY video_id
    ) AS signals USING video_id
    WHERE key IN %(keys)s
)
ORDER BY engaged DESC, video_id LIMIT %(kept)s BY key
"""


def of(kind: Kind, now: dt.datetime, keys: Sequence[int]) -> dict[int, list[str]]:
    """The videos of these items by key, best first. Raises ClickHouseError."""
    window = {"kind": kind.name, "now": milliseconds(now), "since": milliseconds(now - WINDOW), "kept": KEPT}
    found: defaultdict[int, list[str]] = defaultdict(list)
    for start in range(0, len(keys), AT_ONCE):
        parameters = window | {"keys": list(keys[start : start + AT_ONCE])}
        for key, video_id in clickhouse.select(MOST_ENGAGED.format(lists=LISTS), parameters, timeout=TIMEOUT):
            found[key].append(video_id)
    return found
