"""What engagement holds of a person, and how it lets go of it. Numbers that name nobody stay right."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Q

from engagement import counters, outbox, profiles, recent, repairs
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
from reels.erasures import FOREVER, person
from reels.models import Video

log = structlog.get_logger(__name__)
TIMEOUT = 300
PATIENCE = "300ms"  # of a request, with each lock
LATEST = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)  # as late as ClickHouse can tell
# By table: whose rows they are, and when they happened. Sums per hour and video name nobody.
HELD = {
    "engagement_event_log": ("(user_id = %(user)s OR creator_id = %(user)s)", "occurred_at"),
    "user_watch_history_realtime": ("user_id = %(user)s", "watched_at"),
    "user_author_ties": ("(user_id = %(user)s OR creator_id = %(user)s)", "tied_at"),
}
BEFORE = "{whose} AND {at} < fromUnixTimestamp64Milli(%(until)s)"


def delete_rows(user_id: str, until: dt.datetime, *, thorough: bool) -> None:
    """Delete what PostgreSQL holds of the person from before `until`; call it in a transaction.

    It waits for relays that are delivering some of it. What others did to the person as a creator it deletes only when
    it is `thorough`: no index finds all of that.
    """
    outbox.lock_shared()
    waiting = _locked_waiting(user_id, until, thorough)
    _delete_state(user_id, until, [row for row in waiting if row.user_id == user_id])
    if thorough:
        _delete_as_creator(user_id, until)
    OutboxEvent.objects.filter(id__in=[row.id for row in waiting]).delete()


def delete_unless_held(user_id: str, until: dt.datetime) -> None:
    """The same for a request, which must not wait for relays: while they hold something, it is left to the sweeps.

    Call it in a transaction, which goes on in either case.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            delete_rows(user_id, until, thorough=False)
            cursor.execute("SET LOCAL lock_timeout TO DEFAULT")  # a rollback does that by itself
    except OperationalError as error:
        if connection.needs_rollback:  # the connection broke: nothing of this transaction holds
            raise
        log.info("erasure_left_to_sweeps", person=person(user_id), error=type(error.__cause__).__name__)


def delete_from_engines(user_id: str, until: dt.datetime) -> None:
    """Delete what ClickHouse and Redis hold. Raises ClickHouseError and RedisError."""
    parameters = {"user": user_id, "until": int(min(until, LATEST).timestamp() * 1000)}
    for table, (whose, at) in HELD.items():
        condition = BEFORE.format(whose=whose, at=at)
        if clickhouse.select(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1", parameters, timeout=TIMEOUT):
            clickhouse.run(f"DELETE FROM {table} WHERE {condition}", parameters, timeout=TIMEOUT)
    recent.forget(user_id)
    profiles.forget([user_id])


def forget_overlay(user_id: str) -> None:
    with redis.fail_open("forget_recent"):  # sweeps insist
        recent.forget(user_id)
        profiles.forget([user_id])


def _locked_waiting(user_id: str, until: dt.datetime, thorough: bool) -> list[OutboxEvent]:
    """What waits in the outbox, of the person and, if thorough, about them. What a relay delivered meanwhile is not
    there any more.

    All of it is locked at once and before any counter: a relay holds its rows when it comes to the counters.
    """
    whose = Q(user_id=user_id) | Q(payload__creator_id=user_id) if thorough else Q(user_id=user_id)
    return list(OutboxEvent.objects.select_for_update().filter(whose, created_at__lt=until).order_by("id"))


def _delete_state(user_id: str, until: dt.datetime, waiting: Iterable[OutboxEvent]) -> None:
    """What the person wrote. Events that wait are counted as if they had been delivered, then likes are taken back."""
    likes = list(Like.objects.select_for_update().filter(user_id=user_id, changed_at__lt=until))
    _count([*_readable(waiting), *(_unlike(like) for like in likes if like.is_active)])
    Like.objects.filter(id__in=[like.id for like in likes]).delete()  # no other: each must have been counted
    for relation in (NotInterested, Follow, Block):
        relation._default_manager.filter(user_id=user_id, changed_at__lt=until).delete()
    Follow.objects.filter(creator_id=user_id, is_active=True, changed_at__lt=until).delete()
    Comment.objects.filter(user_id=user_id, created_at__lt=until).delete()
    EventReceipt.objects.filter(user_id=user_id, received_at__lt=until).delete()
    Preferences.objects.filter(user_id=user_id, changed_at__lt=until).delete()
    if until == FOREVER:  # else they are those of somebody who is back
        RedisRepair.objects.filter(user_id=user_id).delete()


def _delete_as_creator(user_id: str, until: dt.datetime) -> None:
    """What others did to the person."""
    people: list[str] = []
    for relation in (Follow, Block):
        theirs = relation._default_manager.filter(creator_id=user_id, changed_at__lt=until)
        people += theirs.values_list("user_id", flat=True)
        theirs.delete()
    transaction.on_commit(lambda: _forget_creator(people, user_id))
    videos = list(Video.objects.filter(creator_id=user_id).values_list("id", flat=True))
    transaction.on_commit(lambda: _forget_counters(videos))


def _forget_creator(people: Sequence[str], creator_id: str) -> None:
    recent.forget_creator(people, creator_id)
    if people:
        with redis.fail_open("forget_profiles"):  # of others, who only liked or commented, they end within a day
            profiles.forget(people)


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


def _forget_counters(video_ids: Sequence[uuid.UUID]) -> None:
    """Of videos that are about to be deleted."""
    keys = [counters.key(video_id, kind) for video_id in video_ids for kind in counters.TYPES]
    if keys:
        with redis.fail_open("forget_counters"):
            redis.connection().unlink(*keys)
