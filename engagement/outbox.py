"""The way of an event from a request to the relay: written with the fact itself, its id remembered."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from engagement import counters, repairs
from engagement.events import Event

# Held shared while a batch is delivered, exclusively while totals are taken from ClickHouse (engagement.totals).
DELIVERY_LOCK = 0x6E6F7661
COUNTED_DIRECT = dt.timedelta(days=30, hours=12)  # a watch may be 30 days old, and wait a while in Kafka
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
WRITE = """
INSERT INTO engagement_outboxevent (event_id, user_id, video_id, kind, payload, created_at, parked_because)
SELECT *, now(), '' FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::jsonb[])
"""
# Receipts and events of one person in one round trip. Receipts in one order for everybody: no deadlocks.
# Nothing is taken of a person who was erased and has not come back, or of the time before that.
WRITE_WATCHES = """
WITH given AS (
    SELECT * FROM unnest(%(event_ids)s::uuid[], %(video_ids)s::uuid[], %(payloads)s::jsonb[], %(times)s::timestamptz[],
                         %(remembered)s::boolean[])
        WITH ORDINALITY AS given(event_id, video_id, payload, occurred_at, remembered, position)
    WHERE NOT EXISTS (
        SELECT 1 FROM reels_erasure WHERE person = %(person)s AND (returned_at IS NULL OR occurred_at < returned_at)
    )
), new AS (
    INSERT INTO engagement_eventreceipt (user_id, event_id, occurred_at, received_at)
    SELECT %(user)s, event_id, occurred_at, now() FROM given WHERE remembered ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id
)
INSERT INTO engagement_outboxevent (event_id, user_id, video_id, kind, payload, created_at, parked_because)
SELECT event_id, %(user)s, video_id, 'watch', payload, now(), '' FROM given
WHERE NOT remembered OR event_id IN (SELECT event_id FROM new)
ORDER BY position
ON CONFLICT DO NOTHING RETURNING event_id
"""
PRUNE = "DELETE FROM engagement_eventreceipt WHERE received_at < now() - %s::interval"


def write(events: Sequence[Event]) -> None:
    """Put events into the outbox; call it in the transaction of what they tell."""
    rows = [
        (each.event_id, each.user_id, each.video_id, each.kind, orjson.dumps(each.to_payload()).decode())
        for each in events
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [list(column) for column in zip(*rows, strict=True)])


def write_watches(user_id: str, person: str, events: Sequence[Event], remembered: Collection[Any]) -> list[Event]:
    """Put one person's watches into the outbox, in one statement; returns those that were taken.

    Of those whose ids are in `remembered` only the ones never accepted before are taken; of an erased person none.
    `person` is the keyed hash of the user id.
    """
    columns: dict[str, Any] = {
        "user": user_id,
        "person": person,
        "event_ids": [event.event_id for event in events],
        "video_ids": [event.video_id for event in events],
        "payloads": [orjson.dumps(event.to_payload()).decode() for event in events],
        "times": [event.occurred_at for event in events],
        "remembered": [event.event_id in remembered for event in events],
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE_WATCHES, columns)
        taken = {event_id for (event_id,) in cursor.fetchall()}
    return [event for event in events if event.event_id in taken]


def settle_direct(events: Sequence[Event]) -> list[Event]:
    """What the outbox would have done for events that went straight to Kafka: remember their ids, count the new ones.

    Returns all of them, each at the time it was first told. Doing it again changes nothing: what is older than any
    receipt that was pruned is not counted, for it was.
    """
    since = timezone.now() - COUNTED_DIRECT
    with transaction.atomic():
        new = [event for event in first_time(events) if event.occurred_at > since]
        counters.add_delivered(new)
        repairs.owe_counters({event.video_id for event in new if event.video_id})
    return _at_first_told_times(events)


def first_time(events: Sequence[Event]) -> list[Event]:
    """Those of the events whose ids were never accepted before; from now on they were."""
    rows = sorted((event.user_id, event.event_id, event.occurred_at) for event in events)  # one order: no deadlocks
    if not rows:
        return []
    with connection.cursor() as cursor:
        cursor.execute(NEW_RECEIPTS, [list(column) for column in zip(*rows, strict=True)])
        new = set(cursor.fetchall())
    by_id = {(event.user_id, event.event_id): event for event in reversed(events)}  # of two with one id the first
    return [event for identity, event in by_id.items() if identity in new]


def as_first_told(events: Sequence[Event]) -> list[Event]:
    """The events, each at the time its id was first accepted with: told anew with another one, it is the same event."""
    new = {(event.user_id, event.event_id) for event in first_time(events)}
    if len(new) == len(events):
        return list(events)
    return _at_first_told_times(events)


def prune_receipts() -> int:
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, [KEEP_RECEIPTS])
        return cursor.rowcount


def may_deliver() -> bool:
    """Keep `engagement.totals` out until this transaction ends; False while it is at work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [DELIVERY_LOCK])
        return cursor.fetchone()[0]


def lock_shared() -> None:
    """Wait for `engagement.totals`, and keep it out until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [DELIVERY_LOCK])


def _at_first_told_times(events: Sequence[Event]) -> list[Event]:
    if not events:
        return []
    rows = [(event.user_id, event.event_id) for event in events]
    with connection.cursor() as cursor:
        cursor.execute(KNOWN_TIMES, [list(column) for column in zip(*rows, strict=True)])
        known = {(user_id, event_id): occurred_at for user_id, event_id, occurred_at in cursor.fetchall()}
    return [each._replace(occurred_at=known.get((each.user_id, each.event_id), each.occurred_at)) for each in events]
