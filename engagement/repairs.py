"""Redis holds copies. What it missed is written down in PostgreSQL and made true by the relay, within seconds.

Counters are written down whenever events are delivered, in the same transaction: a relay that dies between PostgreSQL
and Redis leaves a note behind, and a slow one cannot put an old number over a new one, because only one process at a
time reads sums and sets copies.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import structlog
from django.db import connection, transaction

from engagement import counters, recent
from engagement.models import RedisRepair
from engagement.signals import taste_changed

log = structlog.get_logger(__name__)
BATCH = 5_000
REPAIR_LOCK = 0x6E6F7662  # one process at a time, or two could set copies in the wrong order
# A copy may be off by an event that was committed while the copy was set. Such events are seconds old: look again.
JUST_WRITTEN = """
SELECT DISTINCT video_id FROM (
    SELECT video_id, created_at FROM engagement_outboxevent ORDER BY id DESC LIMIT %s
) AS newest
WHERE created_at > now() - interval '3 seconds' AND video_id IS NOT NULL
"""


class StillAwayError(Exception):
    """Redis took some of the repairs, but not all."""


def owe_counters(video_ids: Iterable[uuid.UUID]) -> None:
    """Write down that the counters of these videos are to be set."""
    RedisRepair.objects.bulk_create(RedisRepair(video_id=video_id) for video_id in video_ids)


def owe(user_id: str, video_ids: Iterable[uuid.UUID], notes: Mapping[str, str]) -> None:
    """Write down all that Redis missed of what a person did."""
    with transaction.atomic():
        owe_counters(video_ids)
        RedisRepair.objects.create(user_id=user_id, recent=dict(notes))


def settle() -> int:
    """Make Redis true again; returns how many repairs were done. Raises RedisError or StillAwayError: they stay."""
    with transaction.atomic():
        if not _alone():
            return 0
        owed = list(RedisRepair.objects.order_by("id")[:BATCH])
        videos = {each.video_id for each in owed if each.video_id} | _just_written()
        if videos:
            counters.publish(videos)
        _repair_people([each for each in owed if each.user_id])
        RedisRepair.objects.filter(id__in=[each.id for each in owed]).delete()
    return len(owed)


def _repair_people(owed: Collection[RedisRepair]) -> None:
    if not owed:
        return
    taken: list[Any] = [recent.note(each.user_id, each.recent) for each in owed if each.recent]
    taken += [answer for _, answer in taste_changed.send(sender=None, user_ids={each.user_id for each in owed})]
    if not all(taken):
        raise StillAwayError


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REPAIR_LOCK])
        return cursor.fetchone()[0]


def _just_written() -> set[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(JUST_WRITTEN, [BATCH])
        return {video_id for (video_id,) in cursor.fetchall()}
