"""Candidate sources: where the videos come from that may be in a feed. Each may fail without the others."""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import structlog
from django.db import connection
from numpy.typing import NDArray

from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from ranking.engine import ids
from ranking.signal_table import SignalTable, in_tie_order

log = structlog.get_logger(__name__)
LARGEST_TABLE = 20_000
MOST_POPULAR = 12_000
MOST_FOLLOWED = 500
# A video this young with so few views is too new to have signals: its rates say nothing of it yet.
TOO_NEW_DAYS, TOO_NEW_BELOW_VIEWS = 7, 30
# Bits of the `sources` column, and the names that `?explain=1` shows.
FRESH, POPULAR, FOLLOWED, EXPLORATION = 1, 2, 4, 8
NAMES = {FRESH: "fresh", POPULAR: "popular", FOLLOWED: "followed", EXPLORATION: "exploration"}

# What each video did over 30 days, the most viewed first: sums of the past, and the hours since.
RECENT = """
WITH (SELECT max(until) FROM video_signal_past) AS known_until
SELECT video_id, sum(completion_sum), sum(completion_count), sum(view_count) AS viewed
FROM (
    SELECT video_id, completion_sum, completion_count, view_count FROM video_signal_past
    UNION ALL
    SELECT video_id, completion_sum, toUInt64(completion_count), toUInt64(view_count) FROM video_signal_hours FINAL
    WHERE hour > now() - INTERVAL 30 DAY AND hour >= known_until
)
GROUP BY video_id ORDER BY viewed DESC, video_id LIMIT %(limit)s
SETTINGS max_threads = 1  -- nobody waits for it, and the other cores are for those who wait for a feed
"""
# The same of some videos. Few rows, so the last sum of each hour is found by hand: FINAL would merge all of them first.
RECENT_OF = """
WITH (SELECT max(until) FROM video_signal_past) AS known_until
SELECT video_id, sum(completion_sum), sum(completion_count)
FROM (
    SELECT video_id, completion_sum, completion_count FROM video_signal_past WHERE video_id IN %(ids)s
    UNION ALL
    SELECT video_id, argMax(hours.completion_sum, summed_at), toUInt64(argMax(hours.completion_count, summed_at))
    FROM video_signal_hours AS hours
    WHERE hour > now() - INTERVAL 30 DAY AND hour >= known_until AND video_id IN %(ids)s
    GROUP BY video_id, hour
)
GROUP BY video_id
"""
NEWEST = "SELECT id FROM reels_video WHERE is_published ORDER BY created_at DESC, id LIMIT %s"
# Of each person, the newest by all whom they follow.
FOLLOWED_NEWEST = """
WITH given AS (SELECT * FROM unnest(%s::int[], %s::text[]) AS given(person, creator_id))
SELECT people.person, newest.id
FROM (SELECT DISTINCT person FROM given) AS people
CROSS JOIN LATERAL (
    SELECT v.id FROM reels_video v JOIN given ON given.person = people.person AND given.creator_id = v.creator_id
    WHERE v.is_published AND v.created_at > now() - interval '30 days'
    ORDER BY v.created_at DESC, v.id LIMIT %s
) AS newest
"""
LIFE = """
SELECT v.id, extract(epoch FROM v.created_at)::float8, v.creator_id, coalesce(c.like_count, 0),
       coalesce(c.share_count, 0), coalesce(c.comment_count, 0), coalesce(c.view_count, 0)
FROM reels_video v LEFT JOIN engagement_videocounter c ON c.video_id = v.id
WHERE v.is_published AND v.id = ANY(%s)
"""
Recent = dict[uuid.UUID, tuple[float, int]]  # sum of completions, number of them


def build() -> SignalTable:
    """The table of fresh and popular candidates, the same for everybody. Raises ClickHouseError and DatabaseError."""
    return _general(_completions(RECENT, {"limit": LARGEST_TABLE}))


def build_without_clickhouse() -> SignalTable:
    """The same by what PostgreSQL knows alone: better than no feed at all."""
    return _general({})


def _general(recent: Recent) -> SignalTable:
    popular = set(list(recent)[:MOST_POPULAR])
    newest = _ids(NEWEST, [LARGEST_TABLE])
    chosen = list(dict.fromkeys([*popular, *newest]))[:LARGEST_TABLE]
    fresh = set(newest)
    return _table(chosen, recent, lambda each: FRESH * (each in fresh) + POPULAR * (each in popular))


def followed(creators: Sequence[Iterable[str]]) -> list[set[bytes]]:
    """The new videos of whom each of some people follow, by the 16 bytes of their ids. Raises DatabaseError."""
    pairs = [(person, creator) for person, theirs in enumerate(creators) for creator in theirs]
    found: list[set[bytes]] = [set() for _ in creators]
    if pairs:
        with connection.cursor() as cursor:
            cursor.execute(FOLLOWED_NEWEST, [*map(list, zip(*pairs, strict=True)), MOST_FOLLOWED])
            for person, video_id in cursor.fetchall():
                found[person].add(video_id.bytes)
    return found


def table_of_followed(videos: Iterable[bytes]) -> SignalTable:
    """A table of those videos, for people who follow their creators. Raises DatabaseError."""
    video_ids = [uuid.UUID(bytes=each) for each in videos]
    return _table(video_ids, _recent_of(video_ids), lambda each: FOLLOWED)


def _table(video_ids: Sequence[uuid.UUID], recent: Recent, source: Callable[[uuid.UUID], int]) -> SignalTable:
    with connection.cursor() as cursor:
        cursor.execute(LIFE, [list(video_ids)])
        rows = cursor.fetchall()
    creators = list(dict.fromkeys(row[2] for row in rows))
    columns = _columns(rows, {creator: index for index, creator in enumerate(creators)}, recent)
    sources = np.array([source(row[0]) for row in rows], np.uint8)
    sources[columns["new"]] |= EXPLORATION
    return in_tie_order(columns, creators, sources)


def _columns(rows: Sequence[tuple[Any, ...]], index: dict[str, int], recent: Recent) -> dict[str, NDArray[Any]]:
    completions = [recent.get(row[0], (0.0, 0)) for row in rows]
    created_at = np.array([row[1] for row in rows], np.float64)
    counts = np.array([row[3:7] for row in rows], np.float64).reshape(-1, 4)
    return {
        "video_id": ids.ids_from_uuids(row[0] for row in rows),
        "created_at": created_at,
        "creator": np.array([index[row[2]] for row in rows], np.int32),
        "completion_sum": np.array([each[0] for each in completions], np.float64),
        "views_30d": np.array([each[1] for each in completions], np.float64),
        "likes": counts[:, 0],
        "shares": counts[:, 1],
        "comments": counts[:, 2],
        "views": counts[:, 3],
        "new": (counts[:, 3] < TOO_NEW_BELOW_VIEWS) & (created_at > time.time() - TOO_NEW_DAYS * 86_400),
    }


def _recent_of(video_ids: Sequence[uuid.UUID]) -> Recent:
    """Nothing when ClickHouse is away: the source it is for still stands."""
    try:
        return _completions(RECENT_OF, {"ids": list(video_ids)})
    except ClickHouseError as error:
        log.warning("candidate_signals_missing", error=str(error))
        return {}


def _completions(sql: str, parameters: dict[str, Any]) -> Recent:
    return {row[0]: (row[1], row[2]) for row in clickhouse.select(sql, parameters)}


def _ids(sql: str, parameters: Sequence[Any]) -> list[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [row[0] for row in cursor.fetchall()]
