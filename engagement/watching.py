"""Watches, by the batch: one statement to PostgreSQL, and straight to Kafka while PostgreSQL is away."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import orjson
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from engagement import outbox
from engagement.describing import event_of
from engagement.events import Event, derived_id, given_id
from engagement.showing import show
from nova.clients import kafka
from nova.errors import EngineAwayError, ErasedError, InvalidInputError, NovaError, VideoNotFoundError
from reels import cards, erasures

log = structlog.get_logger(__name__)
MOST_EVENTS = 500
OLDEST = dt.timedelta(days=30)
CLOCK_SKEW = dt.timedelta(minutes=5)
LONGEST_EVENT_ID = 64
LONGEST_WATCH_MS = 2**32 - 1
KAFKA_TIMEOUT = 1.5  # seconds: somebody is waiting


@dataclass(frozen=True)
class Watch:
    """A watch as a client reports it. Without `occurred_at` it is now."""

    video_id: uuid.UUID
    completion_percent: float
    watch_ms: int | None = None
    event_id: str = ""
    occurred_at: dt.datetime | None = None


@dataclass
class Sorted:
    """The events that watches make, and what was refused, by the watches' indexes."""

    events: dict[uuid.UUID, Event] = field(default_factory=dict)
    index_of: dict[uuid.UUID, int] = field(default_factory=dict)
    retryable: set[uuid.UUID] = field(default_factory=set)  # a retry of these comes with the same id
    refused: dict[int, NovaError] = field(default_factory=dict)

    def refuse(self, events: Sequence[Event], error: NovaError) -> None:
        for event in events:
            del self.events[event.event_id]
            self.refused[self.index_of[event.event_id]] = error


def watch(*, user_id: str, watches: Sequence[Watch]) -> dict[int, NovaError]:
    """Record watches; returns what was refused, by index. The others are kept.

    An `event_id` that was accepted before, here or in an earlier call, is accepted and not counted again.
    """
    found = _sort(user_id, watches)
    events = list(found.events.values())
    if not events:
        return found.refused
    try:
        new = _write(user_id, found)
    except (OperationalError, InterfaceError) as error:
        new = _write_to_kafka(events, error)
    show(user_id, new, notes={f"w:{event.video_id}": "1" for event in new})
    return found.refused


def _write(user_id: str, found: Sorted) -> list[Event]:
    """The events that PostgreSQL took: not those it knew already, nor late ones of somebody who was erased."""
    person, events = erasures.person(user_id), list(found.events.values())
    # A commit whose answer is lost is followed by the same events by way of Kafka: they must be known, too.
    remembered = found.events.keys() if kafka.enabled() else found.retryable
    new = outbox.write_watches(user_id, person, events, remembered)
    if len(new) == len(events) or user_id not in erasures.among([user_id]).until:
        return new
    _refuse_late(user_id, found)
    return new + outbox.write_watches(user_id, person, list(found.events.values()), remembered)


def _refuse_late(user_id: str, found: Sorted) -> None:
    """What an erased person did before stays out; anything later means that they are back."""
    for event in sorted(found.events.values(), key=lambda each: each.occurred_at):
        try:
            erasures.welcome_back(user_id, event.occurred_at)
        except ErasedError as error:
            found.refuse([event], error)


def _write_to_kafka(events: Sequence[Event], reason: Exception) -> list[Event]:
    """PostgreSQL is away: events that a broker acknowledges are as safe. Raises EngineAwayError.

    The consumer does for them what the outbox would have done (`outbox.settle_direct`).
    """
    if not kafka.enabled():
        raise reason
    log.warning("watches_straight_to_kafka", error=type(reason).__name__)
    messages = [
        kafka.Message(event.user_id.encode(), orjson.dumps(event.to_payload()), kafka.DIRECT) for event in events
    ]
    if not all(kafka.send(settings.KAFKA_EVENTS_TOPIC, messages, timeout=KAFKA_TIMEOUT)):
        raise EngineAwayError  # a retry brings the same ids, and those that did arrive count once
    return list(events)


def _sort(user_id: str, watches: Sequence[Watch]) -> Sorted:
    found = Sorted()
    known, missing = _cards([each.video_id for each in watches])
    for index, each in enumerate(watches):
        card = known.get(each.video_id)
        if card is None:
            found.refused[index] = missing
            continue
        try:
            event = _event(card, each, user_id)
        except InvalidInputError as error:
            found.refused[index] = error
            continue
        if each.event_id or each.occurred_at:
            found.retryable.add(event.event_id)
        if event.event_id not in found.events:
            found.events[event.event_id], found.index_of[event.event_id] = event, index
    return found


def _cards(video_ids: Collection[uuid.UUID]) -> tuple[dict[uuid.UUID, cards.Card], NovaError]:
    """The videos' cards, and why one is missing."""
    wanted = list(dict.fromkeys(video_ids))
    try:
        return cards.load(wanted), VideoNotFoundError()
    except (OperationalError, InterfaceError):
        return cards.cached(wanted), EngineAwayError()


def _event(card: cards.Card, each: Watch, user_id: str) -> Event:
    now = timezone.now()
    occurred_at = each.occurred_at or now
    if not now - OLDEST <= occurred_at <= now + CLOCK_SKEW:
        raise InvalidInputError("occurred_at must lie between 30 days ago and 5 minutes ahead.", field="occurred_at")
    details = {"completion_percent": each.completion_percent, "watch_ms": each.watch_ms}
    return event_of(card, "watch", user_id, occurred_at, _identity(each, user_id), **details)


def _identity(each: Watch, user_id: str) -> uuid.UUID:
    """The client's own id; else the watch's own time tells a retry; without either it is new."""
    if each.event_id:
        return given_id(each.event_id)
    if each.occurred_at:
        return derived_id(user_id, str(each.video_id), "watch", each.occurred_at)
    return uuid.uuid4()
