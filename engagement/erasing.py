"""What engagement holds of a person, and how it lets go of it. Numbers that name nobody stay right."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from django.db import transaction

from engagement import counters, outbox, recent, repairs
from engagement.events import Event
from engagement.models import (
    Block,
    Comment,
    EventReceipt,
    Follow,
    Like,
    NotInterested,
    OutboxEvent,
    Preferences,
    RedisRepair,
)
from nova.clients import clickhouse, redis
from reels.erasures import FOREVER
from reels.models import Video

TIMEOUT = 300
LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)  # as late as ClickHouse can tell
# By table: whose rows they are, and when they happened. Sums per hour and video name nobody.
HELD = {
    "engagement_event_log": ("(user_id = %(user)s OR creator_id = %(user)s)", "occurred_at"),
    "user_watch_history_realtime": ("user_id = %(user)s", "watched_at"),
    "user_author_ties": ("(user_id = %(user)s OR creator_id = %(user)s)", "tied_at"),
}
BEFORE = "{whose} AND {at} < fromUnixTimestamp64Milli(%(until)s)"


def delete_state(user_id: str, until: dt.datetime) -> None:
    """Delete what the person wrote into PostgreSQL before `until`; call it in a transaction.

    What waits in the outbox is counted as if it had been delivered, then the likes are taken back.
    """
    outbox.lock_shared()
    pending = _pending(user_id, until)
    likes = list(Like.objects.select_for_update().filter(user_id=user_id, changed_at__lt=until))
    _count([*_readable(pending), *(_unlike(like) for like in likes if like.is_active)])
    OutboxEvent.objects.filter(id__in=[row.id for row in pending]).delete()
    Like.objects.filter(id__in=[like.id for like in likes]).delete()  # no other: each must have been counted
    for relation in (NotInterested, Follow, Block):
        relation._default_manager.filter(user_id=user_id, changed_at__lt=until).delete()
    Follow.objects.filter(creator_id=user_id, is_active=True, changed_at__lt=until).delete()
    Comment.objects.filter(user_id=user_id, created_at__lt=until).delete()
    EventReceipt.objects.filter(user_id=user_id, received_at__lt=until).delete()
    Preferences.objects.filter(user_id=user_id, changed_at__lt=until).delete()
    if until == FOREVER:  # else they are those of somebody who is back
        RedisRepair.objects.filter(user_id=user_id).delete()
    transaction.on_commit(lambda: _forget_overlay(user_id))


def delete_as_creator(user_id: str, until: dt.datetime) -> None:
    """Delete what others did to the person as a creator. No index finds all of it."""
    waiting = OutboxEvent.objects.select_for_update().filter(payload__creator_id=user_id, created_at__lt=until)
    OutboxEvent.objects.filter(id__in=list(waiting.values_list("id", flat=True))).delete()
    Follow.objects.filter(creator_id=user_id, changed_at__lt=until).delete()
    blocks = Block.objects.filter(creator_id=user_id, changed_at__lt=until)
    blockers = list(blocks.values_list("user_id", flat=True))
    blocks.delete()
    transaction.on_commit(lambda: recent.forget_creator(blockers, user_id))
    videos = list(Video.objects.filter(creator_id=user_id).values_list("id", flat=True))
    transaction.on_commit(lambda: _forget_counters(videos))


def delete_from_engines(user_id: str, until: dt.datetime) -> None:
    """Delete what ClickHouse and Redis hold. Raises ClickHouseError and RedisError."""
    parameters = {"user": user_id, "until": int(min(until, LATEST).timestamp() * 1000)}
    for table, (whose, at) in HELD.items():
        condition = BEFORE.format(whose=whose, at=at)
        if clickhouse.select(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1", parameters, timeout=TIMEOUT):
            clickhouse.run(f"DELETE FROM {table} WHERE {condition}", parameters, timeout=TIMEOUT)
    recent.forget(user_id)


def _pending(user_id: str, until: dt.datetime) -> list[OutboxEvent]:
    """Waits for a relay that is delivering some; what it delivered is not there any more."""
    rows = OutboxEvent.objects.select_for_update().filter(user_id=user_id, created_at__lt=until)
    return list(rows.order_by("id"))


def _readable(rows: Iterable[OutboxEvent]) -> Iterator[Event]:
    """Without those that a relay of this Nova would park."""
    for row in rows:
        with suppress(ValueError, TypeError, KeyError):
            yield Event.from_payload(row.payload)


def _unlike(like: Like) -> Event:
    return Event(uuid.uuid4(), "unlike", like.user_id, like.changed_at, video_id=like.video_id)


def _count(events: list[Event]) -> None:
    counters.add_delivered(events)
    repairs.owe_counters({event.video_id for event in events if event.video_id})


def _forget_overlay(user_id: str) -> None:
    with redis.fail_open("forget_recent"):  # sweeps insist
        recent.forget(user_id)


def _forget_counters(video_ids: Sequence[uuid.UUID]) -> None:
    """Of videos that are about to be deleted."""
    keys = [counters.key(video_id, kind) for video_id in video_ids for kind in counters.TYPES]
    if keys:
        with redis.fail_open("forget_counters"):
            redis.connection().unlink(*keys)
