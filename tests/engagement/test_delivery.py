"""The relay: several at once, each person's order kept, nothing stuck behind an event that cannot be delivered."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from engagement import counters, delivery, outbox, store
from engagement.events import Event
from engagement.models import OutboxEvent, VideoCounter
from nova.clients import clickhouse, kafka
from nova.clients.clickhouse import BadRowsError, ClickHouseError
from nova.clients.kafka import KafkaError
from reels.models import Video


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video(creator_id="cook")


@pytest.fixture
def write(video: Video) -> Callable[..., list[Event]]:
    """Put shares of people into the outbox, in this order."""

    def write_shares(*users: str) -> list[Event]:
        events = [Event(uuid.uuid4(), "share", user, timezone.now(), video.id, "cook") for user in users]
        outbox.write(events)
        return events

    return write_shares


def stored() -> set[uuid.UUID]:
    return {event_id for (event_id,) in clickhouse.select("SELECT event_id FROM engagement_events")}


def ids(events: Sequence[Event]) -> list[uuid.UUID]:
    return [event.event_id for event in events]


def test_relays_side_by_side_deliver_everything_once(
    write: Callable[..., list[Event]], video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 50)
    events = write(*(f"user-{number % 97}" for number in range(1_000)))

    def relay(number: int) -> int:
        try:
            return sum(delivery.deliver() for _ in range(10))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        delivered = sum(pool.map(relay, range(4)))
    assert delivered + delivery.deliver() == 1_000
    assert stored() == set(ids(events))
    assert VideoCounter.objects.get(video=video).share_count == 1_000
    assert clickhouse.select("SELECT count() FROM engagement_event_log") == [(1_000,)]  # not one was sent twice


def test_a_persons_later_events_wait_for_the_relay_that_holds_the_earlier_ones(
    write: Callable[..., list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "BATCH", 2)
    first, _, second, other = write("ann", "ben", "ann", "cem")
    arrived: list[list[uuid.UUID]] = []
    both_hold, plain = Barrier(2, timeout=30), store.insert

    def insert(events: Sequence[Event]) -> None:
        if first.event_id in ids(events):
            both_hold.wait()  # the other relay has taken its rows
            both_hold.wait()  # … and delivered what it may
        arrived.append(ids(events))
        plain(events)

    monkeypatch.setattr(store, "insert", insert)

    def relay() -> delivery.Batch:
        try:
            return delivery.deliver_batch()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        earlier = pool.submit(relay)
        both_hold.wait()
        assert delivery.deliver_batch()[:2] == (2, 1)
        both_hold.wait()
        assert earlier.result()[:2] == (2, 2)
    assert arrived[0] == [other.event_id]
    assert delivery.deliver_batch()[:2] == (1, 1)
    assert arrived[-1] == [second.event_id]


def test_an_event_of_a_newer_version_is_parked_and_the_rest_goes_on(write: Callable[..., list[Event]]) -> None:
    newer, fine = write("ann", "ben")
    OutboxEvent.objects.filter(event_id=newer.event_id).update(payload={"version": 99})
    assert delivery.deliver() == 1
    assert stored() == {fine.event_id}
    assert OutboxEvent.objects.get().parked_because.startswith("it cannot be read: UnknownVersionError")
    assert delivery.deliver() == 0  # it is not looked at again


def test_staff_can_have_a_parked_event_delivered_again(write: Callable[..., list[Event]], admin_client: Client) -> None:
    (event,) = write("ann")
    OutboxEvent.objects.update(parked_because="a test")
    assert delivery.deliver() == 0
    data = {"action": "deliver_again", "_selected_action": [OutboxEvent.objects.get().id]}
    answer = admin_client.post("/admin/engagement/outboxevent/", data, follow=True)
    assert "Freed: 1." in answer.content.decode()
    assert delivery.deliver() == 1
    assert stored() == {event.event_id}


def test_a_parked_event_still_counts_and_holds_nobody_up(write: Callable[..., list[Event]], video: Video) -> None:
    write("ann")
    OutboxEvent.objects.update(parked_because="a test")
    later = write("ann")
    assert delivery.deliver() == 1
    assert stored() == set(ids(later))
    assert counters.totals([video.id])[video.id].share == 2


def test_what_clickhouse_cannot_store_is_found_and_parked(
    write: Callable[..., list[Event]], monkeypatch: pytest.MonkeyPatch
) -> None:
    events = write(*(f"user-{number}" for number in range(20)))
    plain, bad = store.insert, events[7].event_id

    def insert(some: Sequence[Event]) -> None:
        plain([each._replace(watch_ms=-1) if each.event_id == bad else each for each in some])

    monkeypatch.setattr(store, "insert", insert)
    assert delivery.deliver() == 19
    assert stored() == set(ids(events)) - {bad}
    assert OutboxEvent.objects.get().parked_because.startswith("ClickHouse refuses it")


@pytest.mark.parametrize("retryable", [True, False])
def test_a_table_that_is_missing_parks_nothing(
    write: Callable[..., list[Event]], monkeypatch: pytest.MonkeyPatch, retryable: bool
) -> None:
    def fail(events: object) -> None:
        raise ClickHouseError("code 60: no such table", retryable=retryable)

    write("ann", "ben")
    with monkeypatch.context() as patched:
        patched.setattr(store, "insert", fail)
        with pytest.raises(ClickHouseError):
            delivery.deliver()
    assert not OutboxEvent.objects.exclude(parked_because="").exists()
    assert delivery.deliver() == 2


def test_a_value_that_is_none_of_its_columns_type_is_the_rows_fault(engines: None) -> None:
    event = Event(uuid.uuid4(), "watch", "ann", timezone.now(), uuid.uuid4(), "cook", watch_ms=-1)
    with pytest.raises(BadRowsError):
        store.insert([event])


class TestKafka:
    """What the relay makes of the brokers' answers; real brokers are in tests/integration/test_kafka.py."""

    @pytest.fixture
    def brokers(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
        """Brokers that refuse the messages whose places in the batch are listed here; None for all."""
        settings.KAFKA_BROKERS = "brokers:9092"
        refused: list[Any] = []

        def send(topic: str, messages: Sequence[kafka.Message], *, timeout: float) -> list[bool]:
            return [refused != [None] and place not in refused for place in range(len(messages))]

        monkeypatch.setattr(kafka, "send", send)
        yield refused

    def test_what_was_acknowledged_leaves_the_outbox(
        self, brokers: list[Any], write: Callable[..., list[Event]], video: Video
    ) -> None:
        write("ann", "ben")
        assert delivery.deliver() == 2
        assert not OutboxEvent.objects.exists()
        assert counters.totals([video.id])[video.id].share == 2

    def test_after_a_gap_a_persons_later_events_stay(
        self, brokers: list[Any], write: Callable[..., list[Event]]
    ) -> None:
        events = write("ann", "ben", "ann", "ben", "ann")
        brokers[:] = [2]
        assert delivery.deliver_batch()[:2] == (5, 3)
        left = OutboxEvent.objects.order_by("id").values_list("event_id", flat=True)
        assert list(left) == [events[2].event_id, events[4].event_id]

    def test_when_nobody_acknowledges_everything_stays(
        self, brokers: list[Any], write: Callable[..., list[Event]]
    ) -> None:
        write("ann", "ben")
        brokers[:] = [None]
        with pytest.raises(KafkaError):
            delivery.deliver()
        assert OutboxEvent.objects.count() == 2
