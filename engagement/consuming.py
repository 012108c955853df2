"""What `consume_engagement` does with a batch of records: decode, keep the erased out, insert."""

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import orjson
from django.utils import timezone
from prometheus_client import Counter

from engagement import outbox, store
from engagement.events import Event, UnknownVersionError
from nova.bulk import BadLineError, no_cycles
from nova.clients.kafka import DIRECT
from nova.clients.kafka_consumer import Record
from nova.errors import ErasedError
from nova.streaming import DeadLetter
from reels import erasures

CLOCK_SKEW = dt.timedelta(days=1)
KEPT_OUT = Counter("engagement_events_kept_out", "Events of erased people that were dropped.")


@dataclass
class Decoded:
    """The events of a batch; `direct` are those that never passed the outbox."""

    events: list[Event] = field(default_factory=list)
    direct: list[Event] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


@no_cycles()
def handle(records: Sequence[Record]) -> list[DeadLetter]:
    """Returns when ClickHouse has the events, with the records that are none. Doing it again changes nothing.

    Raises ClickHouseError and DatabaseError.
    """
    decoded = decode(records)
    _welcome_back(decoded.direct)
    events, direct = without_erased(decoded.events, decoded.direct)
    if direct:
        events = events + outbox.settle_direct(distinct(direct))
    store.insert(events)
    return decoded.dead


def decode(records: Sequence[Record]) -> Decoded:
    now = timezone.now()
    oldest, latest = now - store.KEPT, now + CLOCK_SKEW
    decoded = Decoded()
    for record in records:
        try:
            event = Event.from_payload(payload(record))
            if not oldest <= event.occurred_at <= latest:
                raise BadLineError(f"occurred_at is more than {store.KEPT.days} days ago or a day ahead")
        except (BadLineError, UnknownVersionError) as error:
            decoded.dead.append(DeadLetter(record, str(error)))
            continue
        (decoded.direct if DIRECT[0] in record.headers else decoded.events).append(event)
    return decoded


def payload(record: Record) -> dict[str, object]:
    """Raises BadLineError for what is no JSON object."""
    try:
        found = orjson.loads(record.value or b"")
    except orjson.JSONDecodeError as error:
        raise BadLineError(f"not JSON: {error.msg}") from None
    if not isinstance(found, dict):
        raise BadLineError("not a JSON object")
    return found


def without_erased(*groups: Sequence[Event]) -> list[list[Event]]:
    """Each group without what erased people did, or what was done to them."""
    people = {person for events in groups for event in events for person in (event.user_id, event.creator_id)}
    erased = erasures.among(people - {""})
    if not erased.until:
        return [list(events) for events in groups]
    kept = [[event for event in events if not _is_kept_out(event, erased)] for events in groups]
    KEPT_OUT.inc(sum(map(len, groups)) - sum(map(len, kept)))
    return kept


def _welcome_back(direct: Sequence[Event]) -> None:
    """Whoever was erased and then watched something is back, also when PostgreSQL was away at that time."""
    erased = erasures.among({event.user_id for event in direct})
    for event in sorted(direct, key=lambda each: each.occurred_at):
        if erased.keeps_out(event.user_id, event.occurred_at):
            with suppress(ErasedError):  # it was before that, and stays out
                erasures.welcome_back(event.user_id, event.occurred_at)


def distinct(events: Iterable[Event]) -> list[Event]:
    """Each event once, as it was first told: somebody whose answer was lost sends it again."""
    first: dict[tuple[str, int], Event] = {}
    for event in events:
        first.setdefault((event.user_id, event.event_id.int), event)
    return list(first.values())


def _is_kept_out(event: Event, erased: erasures.Erased) -> bool:
    return any(erased.keeps_out(person, event.occurred_at) for person in (event.user_id, event.creator_id))
