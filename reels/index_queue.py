"""What is to happen when videos change: their cards go, and the search index hears of it.

The queue of changes is written in the transaction of the change itself, so none is lost; who copies videos elsewhere
works it off. Its ids tell the order of two changes of one video, because whoever changes a video holds its row until
the end.
"""

import uuid
from collections.abc import Sequence

from django.db import connection, transaction

from reels import cards

NOTE = "INSERT INTO reels_videochange (video_id) SELECT unnest(%s::uuid[])"
NOTE_ALL = "INSERT INTO reels_videochange (video_id) SELECT id FROM reels_video"
# Above the numbers of an earlier life of this database, should it have been set up anew.
NEXT = """
SELECT setval(pg_get_serial_sequence('reels_videochange', 'id'),
              greatest(%s + 1, nextval(pg_get_serial_sequence('reels_videochange', 'id'))))
"""
# Rows that another worker holds are left to it.
TAKE = """
DELETE FROM reels_videochange WHERE id IN (
    SELECT id FROM reels_videochange ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id, video_id
"""


def changed(video_ids: Sequence[uuid.UUID]) -> None:
    """Call it in the transaction that changes videos, behind the change: what is kept of them elsewhere is not true any
    more."""
    if video_ids:
        note(video_ids)
        transaction.on_commit(lambda: cards.forget(video_ids))


def note(video_ids: Sequence[uuid.UUID]) -> None:
    """Have videos copied again that are what they were."""
    with connection.cursor() as cursor:
        cursor.execute(NOTE, [list(video_ids)])


def all_changed(*, above: int) -> int:
    """Have every video copied again; returns a number that is below those of all these changes, and above another."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NEXT, [above])
        (number,) = cursor.fetchone()
        cursor.execute(NOTE_ALL)
        return number


def take(most: int) -> dict[uuid.UUID, int]:
    """Some changed videos, each with the number of its last change; call it in the transaction that deals with them."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [most])
        latest: dict[uuid.UUID, int] = {}
        for number, video_id in cursor.fetchall():
            latest[video_id] = max(number, latest.get(video_id, 0))
        return latest
