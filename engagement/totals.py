"""Totals after a bulk load: taken from ClickHouse, because loaded events never pass through the outbox."""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from engagement import counters, store
from engagement.models import OutboxEvent
from engagement.outbox import DELIVERY_LOCK
from nova.clients import clickhouse, kafka, redis
from nova.clients.kafka import KafkaError
from nova.clients.kafka_backlog import backlog

CHUNK = 1_000
# A scan of all events, whatever is asked of it: done once for a whole load.
TIMEOUT = 300
PATIENCE = 60.0  # seconds for the consumers to bring what Kafka holds
ARRIVED = """
SELECT video_id,
       countIf(kind = 'watch' AND ifNull(watch_ms, 1000) >= 1000),
       countIf(kind = 'share'),
       countIf(kind = 'comment')
FROM engagement_events {only} GROUP BY video_id
"""
# Likes are counted from their own state, less what the outbox will still add.
SET = """
INSERT INTO engagement_videocounter AS known (video_id, view_count, share_count, comment_count, like_count)
SELECT new.*,
    (SELECT count(*) FROM engagement_like l WHERE l.video_id = new.video_id AND l.is_active)
    - (SELECT count(*) FILTER (WHERE kind = 'like') - count(*) FILTER (WHERE kind = 'unlike')
       FROM engagement_outboxevent o WHERE o.video_id = new.video_id)
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS new(video_id, view_count, share_count, comment_count)
JOIN reels_video ON reels_video.id = new.video_id
ORDER BY new.video_id
ON CONFLICT (video_id) DO UPDATE SET
    -- ClickHouse forgets events after 400 days, totals do not.
    view_count = greatest(known.view_count, EXCLUDED.view_count),
    share_count = greatest(known.share_count, EXCLUDED.share_count),
    comment_count = greatest(known.comment_count, EXCLUDED.comment_count),
    like_count = EXCLUDED.like_count
"""
Sums = dict[uuid.UUID, tuple[int, ...]]


def recount(video_ids: Iterable[uuid.UUID]) -> None:
    """Set the totals of videos to what ClickHouse and the likes say. Doing it again changes nothing.

    Raises ClickHouseError, and KafkaError when what is in Kafka does not arrive.
    """
    touched = sorted(video_ids)
    _wait_for_consumers()
    with transaction.atomic():
        _lock_out_relays()
        _wait_for_consumers()  # for the little that came meanwhile: relays stand still from here on
        arrived = _sums(ARRIVED.format(only=""))
        undelivered = _undelivered(touched)
        for chunk in _chunks(touched):
            _set(chunk, arrived, undelivered)
    for chunk in _chunks(touched):
        _forget_copies(chunk)


def _undelivered(touched: Sequence[uuid.UUID]) -> Sums:
    """What arrived and is still in the outbox, because its relay ended between the two: it will be counted when it
    is taken out."""
    waiting = [each for chunk in _chunks(touched) for each in _waiting(chunk)]
    summed: Sums = {}
    for some in _chunks(waiting):
        for video_id, sums in _sums(
            ARRIVED.format(only="WHERE (user_id, event_id) IN %(events)s"), events=some
        ).items():
            known = summed.get(video_id, (0, 0, 0))
            summed[video_id] = tuple(a + b for a, b in zip(known, sums, strict=True))
    return summed


def _waiting(chunk: Sequence[uuid.UUID]) -> list[tuple[str, uuid.UUID]]:
    return list(OutboxEvent.objects.filter(video_id__in=chunk).values_list("user_id", "event_id"))


def _set(chunk: Sequence[uuid.UUID], arrived: Sums, undelivered: Sums) -> None:
    none = (0, 0, 0)
    rows = [
        (
            video_id,
            *(a - u for a, u in zip(arrived.get(video_id, none), undelivered.get(video_id, none), strict=True)),
        )
        for video_id in chunk
    ]
    with connection.cursor() as cursor:
        cursor.execute(SET, [list(column) for column in zip(*rows, strict=True)])


def _sums(sql: str, **parameters: Any) -> Sums:
    return {row[0]: row[1:] for row in clickhouse.select(sql, parameters, timeout=TIMEOUT)}


def _forget_copies(chunk: Sequence[uuid.UUID]) -> None:
    with redis.fail_open("forget_counters"):
        redis.connection().unlink(*[counters.key(video_id, kind) for video_id in chunk for kind in counters.TYPES])


def _lock_out_relays() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 0")  # a relay may take its time at a slow ClickHouse
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [DELIVERY_LOCK])


def _wait_for_consumers() -> None:
    """Events in Kafka have left the outbox and are not in ClickHouse: taken now, totals would lack them."""
    if not kafka.enabled():
        return
    deadline = time.monotonic() + PATIENCE
    while behind := backlog(settings.KAFKA_EVENTS_TOPIC, store.CONSUMERS):
        if time.monotonic() > deadline:
            raise KafkaError(f"{behind} events wait there; does `manage.py consume_engagement` run?", retryable=True)
        time.sleep(0.2)


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
