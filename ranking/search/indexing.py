"""Bringing the index up to date: the queue of changed videos, batch by batch. PostgreSQL is the truth."""

import math
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, transaction

from nova.bulk import no_cycles
from ranking.search import store
from ranking.search.engine.documents import Texts, document
from ranking.search.store import Entry
from reels import index_queue

BATCH = 2_000
LARGEST_POPULARITY = 255
VIDEOS = """
SELECT v.id, v.creator_id, c.name, v.title, v.description, v.hashtags, v.category, coalesce(s.name, ''),
       extract(epoch FROM v.created_at)::float8, coalesce(n.view_count, 0)
FROM reels_video v JOIN reels_creator c ON c.id = v.creator_id LEFT JOIN reels_sound s ON s.id = v.sound_id
LEFT JOIN engagement_videocounter n ON n.video_id = v.id
WHERE v.is_published AND v.id = ANY(%s)
"""


def index_due(seconds: float) -> int:
    """Index changed videos until there are none left, or for so long; returns how many. Several may do so at once.

    Raises ClickHouseError and DatabaseError: the batch at hand stays in the queue.
    """
    return sum(batches(seconds))


def batches(seconds: float = math.inf) -> Iterator[int]:
    """The same, batch by batch."""
    until = time.monotonic() + seconds
    while number := index_batch():
        yield number
        if time.monotonic() > until:
            return


@transaction.atomic
def index_batch() -> int:
    """The videos are read after their changes were taken: whoever takes a later change of one reads a later state of
    it, and writes it with a higher version, whatever the order in which both arrive."""
    taken = index_queue.take(BATCH)
    with no_cycles():
        store.put(list(_entries(taken)))
    return len(taken)


def _entries(versions: Mapping[uuid.UUID, int]) -> Iterator[Entry]:
    """Those that are not there, or not published, are entries without a document."""
    with connection.cursor() as cursor:
        cursor.execute(VIDEOS, [list(versions)])
        known = {row[0]: row for row in cursor.fetchall()}
    for video_id, version in versions.items():
        yield _entry(known[video_id], version) if video_id in known else Entry(video_id, version)


def _entry(row: tuple[Any, ...], version: int) -> Entry:
    video_id, creator_id, creator, title, description, hashtags, category, sound, created_at, views = row
    return Entry(
        video_id,
        version,
        document(Texts(title, hashtags, (creator, creator_id, sound), description)),
        creator_id,
        category,
        created_at,
        popularity(views),
    )


def popularity(views: int) -> int:
    """4 × log2(1 + views): a step is a fifth more."""
    return min(LARGEST_POPULARITY, round(4 * math.log2(1 + max(views, 0))))
