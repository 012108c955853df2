"""What candidates are scored by, as it is now: their words, age and popularity, from PostgreSQL."""

import time
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from django.db import connection

from nova.database import arrays
from ranking.search.engine.asking import Question
from ranking.search.engine.documents import FIELD_BITS, code
from ranking.search.engine.scoring import Found
from ranking.search.retrieval import Filters

SECONDS_PER_DAY = 86_400
DOCUMENTS = """
SELECT video_id, packed, created_at, popularity FROM ranking_searchdocument
WHERE video_id = ANY(%(video_ids)s::uuid[]) AND packed <> ''
"""
# An older version of a video, which the index may still hold, may have been what is filtered for.
FILTERED = """
 AND EXISTS (
    SELECT 1 FROM reels_video v WHERE v.id = video_id
    AND (%(creator_id)s::text IS NULL OR v.creator_id = %(creator_id)s)
    AND (%(category)s::text IS NULL OR v.category = %(category)s)
    AND (%(since)s::float8 IS NULL OR extract(epoch FROM v.created_at) >= %(since)s)
    AND (%(until)s::float8 IS NULL OR extract(epoch FROM v.created_at) < %(until)s)
)
"""


class Retrieved(NamedTuple):
    """Videos, and in the same order what they are scored by."""

    video_ids: list[uuid.UUID]
    found: Found


def read(asked: Question, video_ids: Sequence[uuid.UUID], filters: Filters) -> Retrieved:
    """Of some candidates those that are there. Raises DatabaseError."""
    if not video_ids:
        return of(asked, [], [])
    with connection.cursor() as cursor:
        sql = DOCUMENTS + FILTERED if filters != Filters() else DOCUMENTS
        cursor.execute(sql, vars(filters) | {"video_ids": arrays.uuids(video_ids)})
        rows = cursor.fetchall()
    return of(asked, rows, [np.frombuffer(row[1], "<u4") for row in rows])


def unread(video_ids: Sequence[uuid.UUID]) -> Retrieved:
    """Candidates of which nothing is known."""
    nothing = np.zeros(len(video_ids))
    return Retrieved(
        list(video_ids), Found(np.empty(0, np.uint32), nothing.astype(np.int64), nothing, nothing, nothing)
    )


def of(asked: Question, rows: Sequence[tuple[Any, ...]], packed: Sequence[np.ndarray]) -> Retrieved:
    """From rows of (id, anything, created at, popularity) and the packed tokens of each."""
    tokens = np.concatenate(packed) if packed else np.empty(0, np.uint32)
    lengths = np.array([len(each) for each in packed], np.int64)
    rows_of_tokens = np.repeat(np.arange(len(rows)), lengths)
    hit = np.isin(tokens >> FIELD_BITS, np.array([code(token) for token in asked.tokens], np.uint32))
    found = Found(
        hits=tokens[hit],
        hit_counts=np.bincount(rows_of_tokens[hit], minlength=len(rows)),
        lengths=lengths.astype(np.float64),
        ages=(time.time() - np.array([row[2] for row in rows], np.float64)) / SECONDS_PER_DAY,
        popularity=np.array([row[3] for row in rows], np.float64),
    )
    return Retrieved([row[0] for row in rows], found)
