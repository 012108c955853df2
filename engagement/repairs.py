"""Redis holds copies. What it missed is written down in PostgreSQL and made true by the relay, within seconds.

Counters are written down whenever events are delivered, in the same transaction: a relay that dies between PostgreSQL
and Redis leaves a note behind, and a slow one cannot put an old number over a new one, because only one process at a
time reads sums and sets copies.
"""

import time
import uuid
from collections.abc import Collection, Iterable

from django.db import connection, transaction

from engagement import counters, recent
from engagement.models import Block, Like, NotInterested, RedisRepair
from engagement.signals import taste_changed

BATCH = 20_000
LONGEST = 5.0  # seconds of one call
REPAIR_LOCK = 0x6E6F7662  # one process at a time, or two could set copies in the wrong order
# A copy may be off by an event that was committed while the copy was set. Such events are seconds old: look again.
MOST_JUST_WRITTEN = 5_000
JUST_WRITTEN = """
SELECT DISTINCT video_id FROM (
    SELECT video_id, created_at FROM engagement_outboxevent ORDER BY id DESC LIMIT %s
) AS newest
WHERE created_at > now() - interval '3 seconds' AND video_id IS NOT NULL
"""
OWED = "SELECT id, video_id FROM engagement_redisrepair WHERE video_id IS NOT NULL ORDER BY id LIMIT %s"
# By the first letter of a note: where its truth is. A watch stays a watch.
TRUTH = {"l": (Like, "video_id"), "n": (NotInterested, "video_id"), "b": (Block, "creator_id")}


class StillAwayError(Exception):
    """Redis took some of the repairs, but not all."""


def owe_counters(video_ids: Iterable[uuid.UUID]) -> None:
    """Write down that the counters of these videos are to be set."""
    RedisRepair.objects.bulk_create(RedisRepair(video_id=video_id) for video_id in video_ids)


def owe(user_id: str, video_ids: Iterable[uuid.UUID], notes: Iterable[str]) -> None:
    """Write down all that Redis missed of what a person did: counters, the feed, and notes by their names.

    Not what the notes say: that may have changed when they are made good.
    """
    with transaction.atomic():
        owe_counters(video_ids)
        RedisRepair.objects.create(user_id=user_id, recent=list(notes))


def settle() -> int:
    """Make Redis true again; returns how many repairs were done. Raises RedisError or StillAwayError: they stay."""
    done, until = 0, time.monotonic() + LONGEST
    while (some := _settle_some()) and time.monotonic() < until:
        done += some
    return done


@transaction.atomic
def _settle_some() -> int:
    if not _alone():
        return 0
    owed = _owed_counters()  # before the sums are read: what is written down meanwhile stays
    videos = {video_id for _, video_id in owed} | _just_written()
    if videos:
        counters.publish(videos)
    people = list(RedisRepair.objects.filter(video_id=None).order_by("id")[:BATCH])
    _repair_people(people)
    RedisRepair.objects.filter(id__in=[*(row_id for row_id, _ in owed), *(each.id for each in people)]).delete()
    return len(owed) + len(people)


def _repair_people(owed: Collection[RedisRepair]) -> None:
    names: dict[str, set[str]] = {each.user_id: set() for each in owed}
    if not names:
        return
    for each in owed:
        names[each.user_id].update(each.recent)
    taken = [recent.note(user_id, _notes(user_id, theirs)) for user_id, theirs in names.items() if theirs]
    answers = taste_changed.send(sender=None, user_ids=set(names))
    if not all(taken) or not all(answer for _, answer in answers):
        raise StillAwayError


def _notes(user_id: str, names: Collection[str]) -> dict[str, str]:
    """What the notes say now. Rows stay locked, so that whoever changes one notes it after this."""
    notes = dict.fromkeys(names, "1")
    for letter, (model, target) in TRUTH.items():
        targets = {name[2:]: name for name in names if name[0] == letter}
        rows = model._default_manager.select_for_update().filter(user_id=user_id, **{f"{target}__in": list(targets)})
        held = {str(each) for each in rows.filter(is_active=True).values_list(target, flat=True)} if targets else set()
        notes |= {name: "0" for each, name in targets.items() if each not in held}
    return notes


def _owed_counters() -> list[tuple[int, uuid.UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(OWED, [BATCH])
        return cursor.fetchall()


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [REPAIR_LOCK])
        return cursor.fetchone()[0]


def _just_written() -> set[uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(JUST_WRITTEN, [MOST_JUST_WRITTEN])
        return {video_id for (video_id,) in cursor.fetchall()}
