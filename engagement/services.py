"""Everything a person can do to a video. Each write is one transaction: the fact and its event, or neither."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from engagement import counters, outbox, recent, relations
from engagement.events import Event, derived_id, given_id
from engagement.models import Like
from engagement.signals import taste_changed
from nova.errors import InvalidInputError, VideoNotFoundError
from reels import cards

MOST_EVENTS = 500
OLDEST = dt.timedelta(days=30)
CLOCK_SKEW = dt.timedelta(minutes=5)


@dataclass(frozen=True)
class LikeState:
    liked: bool
    like_count: int


@dataclass(frozen=True)
class Watch:
    """A watch as a client reports it. Without `occurred_at` it is now."""

    video_id: uuid.UUID
    completion_percent: float
    watch_ms: int | None = None
    event_id: str = ""
    occurred_at: dt.datetime | None = None


def set_liked(*, user_id: str, video_id: uuid.UUID, liked: bool) -> LikeState:
    """Like a video, or take the like back. Doing so twice is doing so once.

    Raises VideoNotFoundError.
    """
    card = _card(video_id)
    with transaction.atomic():
        if relations.set_one(Like, user_id, video_id, is_active=liked):
            event = _event(card, "like" if liked else "unlike", user_id, timezone.now(), uuid.uuid4())
            outbox.write([event])
            transaction.on_commit(lambda: _after_like(event, liked))
    return LikeState(liked, counters.read([video_id])[video_id].like)


def share(*, user_id: str, video_id: uuid.UUID, destination: str = "", event_id: str = "") -> int:
    """Count a share; returns the video's shares. With an `event_id` a retry counts once.

    Raises VideoNotFoundError.
    """
    card = _card(video_id)
    identity = given_id(event_id) if event_id else uuid.uuid4()
    event = _event(card, "share", user_id, timezone.now(), identity, destination=destination)
    with transaction.atomic():
        new = outbox.first_time([event]) if event_id else [event]
        outbox.write(new)
        if new:
            transaction.on_commit(lambda: _after_share(event))
    return counters.read([video_id])[video_id].share


def watch(*, user_id: str, watches: Sequence[Watch]) -> dict[int, Exception]:
    """Record watches; returns what was refused, by index. The others are kept.

    An `event_id` that was accepted before, here or in an earlier call, is accepted and not counted again.
    """
    known = cards.load([each.video_id for each in watches])
    refused: dict[int, Exception] = {}
    events: dict[uuid.UUID, Event] = {}
    retryable: set[uuid.UUID] = set()  # a retry of these comes with the same id
    for index, each in enumerate(watches):
        try:
            event = _watch_event(known, each, user_id)
        except (VideoNotFoundError, InvalidInputError) as error:
            refused[index] = error
            continue
        if each.event_id or each.occurred_at:
            retryable.add(event.event_id)
        events.setdefault(event.event_id, event)
    _record_watches(user_id, events, retryable)
    return refused


def _record_watches(user_id: str, events: dict[uuid.UUID, Event], retryable: set[uuid.UUID]) -> None:
    if not events:
        return
    with transaction.atomic():
        new = [event for event in events.values() if event.event_id not in retryable]
        new += outbox.first_time([event for event in events.values() if event.event_id in retryable])
        outbox.write(new)
        transaction.on_commit(lambda: _after_watches(user_id, new))


def _watch_event(known: dict[uuid.UUID, cards.Card], each: Watch, user_id: str) -> Event:
    card = known.get(each.video_id)
    if card is None:
        raise VideoNotFoundError
    now = timezone.now()
    occurred_at = each.occurred_at or now
    if not now - OLDEST <= occurred_at <= now + CLOCK_SKEW:
        raise InvalidInputError("occurred_at must lie between 30 days ago and 5 minutes ahead.", field="occurred_at")
    if each.event_id:
        identity = given_id(each.event_id)
    elif each.occurred_at:  # the same watch sent twice is one: its own time tells
        identity = derived_id(user_id, str(each.video_id), "watch", occurred_at)
    else:
        identity = uuid.uuid4()
    return _event(
        card,
        "watch",
        user_id,
        occurred_at,
        identity,
        completion_percent=each.completion_percent,
        watch_ms=each.watch_ms,
    )


def _event(
    card: cards.Card, kind: str, user_id: str, occurred_at: dt.datetime, event_id: uuid.UUID, **more: object
) -> Event:
    return Event(
        event_id=event_id,
        kind=kind,
        user_id=user_id,
        occurred_at=occurred_at,
        video_id=uuid.UUID(card["id"]),
        creator_id=card["creator_id"],
        sound_id=card["sound"]["id"] if card["sound"] else "",
        hashtags=tuple(card["hashtags"]),
        category=card["category"] or "",
        **more,  # type: ignore[arg-type]
    )


def _card(video_id: uuid.UUID) -> cards.Card:
    card = cards.load([video_id]).get(video_id)
    if card is None:
        raise VideoNotFoundError
    return card


def _after_like(event: Event, liked: bool) -> None:
    assert event.video_id is not None
    counters.move([event])
    recent.note_liked(event.user_id, event.video_id, liked=liked)
    taste_changed.send(sender=None, user_ids=[event.user_id])


def _after_share(event: Event) -> None:
    counters.move([event])
    taste_changed.send(sender=None, user_ids=[event.user_id])


def _after_watches(user_id: str, events: Sequence[Event]) -> None:
    counters.move(events)
    recent.note_watched(user_id, {event.video_id for event in events if event.video_id})
