"""Who commented on what. Comments are made elsewhere; what they say is not kept here."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection


class CommentMade(NamedTuple):
    """`id` is that of its event, too."""

    id: uuid.UUID
    user_id: str
    video_id: uuid.UUID
    created_at: dt.datetime


NEW_COMMENTS = """
INSERT INTO engagement_comment (id, user_id, video_id, created_at)
SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::timestamptz[])
ON CONFLICT DO NOTHING RETURNING id
"""


def insert(comments: Iterable[CommentMade]) -> set[uuid.UUID]:
    """Record comments; returns the ids of those that were not known."""
    distinct = {each.id: each for each in comments}
    if not distinct:
        return set()
    rows = [distinct[each] for each in sorted(distinct)]  # one order for everybody: no deadlocks
    with connection.cursor() as cursor:
        cursor.execute(NEW_COMMENTS, [list(column) for column in zip(*rows, strict=True)])
        return {comment_id for (comment_id,) in cursor.fetchall()}
