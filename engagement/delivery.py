"""The relay: takes events out of the outbox and delivers them, at least once, to Kafka or straight to ClickHouse."""

from collections.abc import Sequence
from typing import NamedTuple

import orjson
import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from engagement import counters, outbox, repairs, store
from engagement.events import Event, UnknownVersionError
from engagement.models import OutboxEvent
from nova.clients import kafka
from nova.clients.clickhouse import BadRowsError

log = structlog.get_logger(__name__)
BATCH = 5_000
KAFKA_TIMEOUT = 20.0  # seconds until a batch that nobody acknowledged is given back

TAKE = """
SELECT id, user_id, payload::text FROM engagement_outboxevent
WHERE id > %s AND parked_because = '' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
"""
# The earliest event of each person that lies before the end of a batch and is not in it: another relay has it.
WITH_OTHERS = """
SELECT user_id, min(id) FROM engagement_outboxevent LEFT JOIN unnest(%s::bigint[]) AS taken(id) USING (id)
WHERE id < %s AND parked_because = '' AND taken.id IS NULL
GROUP BY user_id
"""
DELETE = "DELETE FROM engagement_outboxevent WHERE id = ANY(%s)"
PARK = "UPDATE engagement_outboxevent SET parked_because = left(%s, 500) WHERE id = %s"


class Row(NamedTuple):
    """An event as it lies in the outbox."""

    id: int
    user_id: str
    payload: bytes
    event: Event


class Batch(NamedTuple):
    """`last_id` is the largest id in it."""

    taken: int
    delivered: int
    last_id: int = 0


def deliver() -> int:
    """Empty the outbox; returns how many events arrived.

    Raises ClickHouseError and KafkaError: what was not acknowledged stays where it is.
    """
    delivered, batch = 0, Batch(0, 0)
    while True:
        # Not from the start again: PostgreSQL would walk over the remains of all batches before.
        batch = deliver_batch(batch.last_id)
        delivered += batch.delivered
        if batch.taken < BATCH or not batch.delivered:
            return delivered


@transaction.atomic
def deliver_batch(after: int = 0) -> Batch:
    """Deliver the oldest events, with ids above `after`, that nobody else is delivering."""
    if not outbox.may_deliver():
        return Batch(0, 0)
    taken = _take(after)
    rows = _readable(_in_order(taken))
    arrived = _to_kafka(rows) if kafka.enabled() else _to_clickhouse(rows)
    if arrived:
        _count(arrived)
    return Batch(len(taken), len(arrived), taken[-1][0] if taken else 0)


def _take(after: int) -> list[tuple[int, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [after, BATCH])
        return cursor.fetchall()


def _in_order(taken: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Without what must wait for another relay, which holds earlier events of the same people."""
    if not taken:
        return []
    with connection.cursor() as cursor:
        cursor.execute(WITH_OTHERS, [[row_id for row_id, _, _ in taken], taken[-1][0]])
        elsewhere: dict[str, int] = dict(cursor.fetchall())
    return [row for row in taken if row[0] < elsewhere.get(row[1], row[0] + 1)]


def _readable(taken: Sequence[tuple[int, str, str]]) -> list[Row]:
    """Those this Nova can read. Others are parked: they would stop everything behind them."""
    rows = []
    for row_id, user_id, payload in taken:
        try:
            rows.append(Row(row_id, user_id, payload.encode(), Event.from_payload(orjson.loads(payload))))
        except (UnknownVersionError, ValueError, TypeError, KeyError) as error:
            _park(row_id, f"it cannot be read: {type(error).__name__}: {error}")
    return rows


def _to_clickhouse(rows: Sequence[Row]) -> list[Row]:
    """All that ClickHouse takes. One that it refuses for good is found by halving, and parked."""
    if not rows:
        return []
    try:
        store.insert([row.event for row in rows])
    except BadRowsError as error:
        if len(rows) == 1:
            _park(rows[0].id, f"ClickHouse refuses it: {error}")
            return []
        middle = len(rows) // 2
        return _to_clickhouse(rows[:middle]) + _to_clickhouse(rows[middle:])
    return list(rows)


def _to_kafka(rows: Sequence[Row]) -> list[Row]:
    """Those that the brokers acknowledged, of each person without a gap. Raises KafkaError when it was none."""
    messages = [kafka.Message(row.user_id.encode(), row.payload) for row in rows]
    acknowledged = kafka.send(settings.KAFKA_EVENTS_TOPIC, messages, timeout=KAFKA_TIMEOUT)
    failed: set[str] = set()
    arrived = []
    for row, done in zip(rows, acknowledged, strict=True):
        if done and row.user_id not in failed:
            arrived.append(row)
        else:
            failed.add(row.user_id)
    if rows and not arrived:
        raise kafka.KafkaError("no broker acknowledged anything", retryable=True)
    return arrived


def _count(rows: Sequence[Row]) -> None:
    """Move events from what waits to what was delivered: their sum, which people see, stays the same."""
    events = [row.event for row in rows]
    counters.add_delivered(events)
    repairs.owe_counters({event.video_id for event in events if event.video_id})
    with connection.cursor() as cursor:
        cursor.execute(DELETE, [[row.id for row in rows]])


def free(parked: QuerySet[OutboxEvent]) -> int:
    """Have the relay try parked events again; returns how many."""
    return parked.exclude(parked_because="").update(parked_because="")


def _park(row_id: int, reason: str) -> None:
    log.error("outbox_event_parked", outbox_id=row_id, reason=reason)
    with connection.cursor() as cursor:
        cursor.execute(PARK, [reason, row_id])
