"""The way of an event from a request to ClickHouse: written with the fact itself, delivered at least once."""

from collections.abc import Sequence

import structlog
from django.db import connection, transaction

from engagement import counters, store
from engagement.events import Event
from engagement.models import OutboxEvent

log = structlog.get_logger(__name__)
BATCH = 2_000
# Held shared while a batch is delivered, exclusively while totals are taken from ClickHouse (engagement.totals).
DELIVERY_LOCK = 0x6E6F7661
KEEP_RECEIPTS = "31 days"  # an event may be dated 30 days back, so a retry of it may come that late

# Waits for whoever is inserting the same receipt, and returns those that only this statement inserted.
NEW_RECEIPTS = """
INSERT INTO engagement_eventreceipt (user_id, event_id, occurred_at, received_at)
SELECT user_id, event_id, occurred_at, now()
FROM unnest(%s::text[], %s::uuid[], %s::timestamptz[]) AS given(user_id, event_id, occurred_at)
ON CONFLICT DO NOTHING RETURNING user_id, event_id
"""
KNOWN_TIMES = """
SELECT user_id, event_id, occurred_at FROM engagement_eventreceipt
JOIN unnest(%s::text[], %s::uuid[]) AS given(user_id, event_id) USING (user_id, event_id)
"""
PRUNE = "DELETE FROM engagement_eventreceipt WHERE received_at < now() - %s::interval"


def write(events: Sequence[Event]) -> None:
    """Put events into the outbox; call it in the transaction of what they tell."""
    OutboxEvent.objects.bulk_create(
        OutboxEvent(
            event_id=event.event_id,
            user_id=event.user_id,
            video_id=event.video_id,
            kind=event.kind,
            payload=event.to_payload(),
        )
        for event in events
    )


def first_time(events: Sequence[Event]) -> list[Event]:
    """Those of the events whose ids were never accepted before; from now on they were."""
    rows = sorted((event.user_id, event.event_id, event.occurred_at) for event in events)  # one order: no deadlocks
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEW_RECEIPTS, [list(column) for column in zip(*rows, strict=True)])
        new = set(cursor.fetchall())
    return [event for event in events if (event.user_id, event.event_id) in new]


def as_first_told(events: Sequence[Event]) -> list[Event]:
    """The events, each at the time its id was first accepted with: told anew with another one, it is the same event."""
    new = set(first_time(events))
    rows = [(event.user_id, event.event_id) for event in events if event not in new]
    if not rows:
        return list(events)
    with connection.cursor() as cursor:
        cursor.execute(KNOWN_TIMES, [list(column) for column in zip(*rows, strict=True)])
        known = {(user_id, event_id): occurred_at for user_id, event_id, occurred_at in cursor.fetchall()}
    return [each._replace(occurred_at=known.get((each.user_id, each.event_id), each.occurred_at)) for each in events]


def deliver() -> int:
    """Empty the outbox; returns how many events arrived. Raises ClickHouseError and leaves the rest where it is."""
    delivered = 0
    while batch := deliver_batch():
        delivered += batch
        if batch < BATCH:
            break
    return delivered


@transaction.atomic
def deliver_batch() -> int:
    """Deliver the oldest events that nobody else is delivering. What is not acknowledged stays."""
    _lock_shared()
    rows = list(OutboxEvent.objects.select_for_update(skip_locked=True).order_by("id")[:BATCH])
    if not rows:
        return 0
    events = [Event.from_payload(row.payload) for row in rows]
    store.insert(events)
    counters.add_delivered(events)
    OutboxEvent.objects.filter(id__in=[row.id for row in rows]).delete()
    videos = {event.video_id for event in events if event.video_id}
    transaction.on_commit(lambda: counters.publish(videos))
    return len(rows)


def prune_receipts() -> int:
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, [KEEP_RECEIPTS])
        return cursor.rowcount


def _lock_shared() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [DELIVERY_LOCK])
