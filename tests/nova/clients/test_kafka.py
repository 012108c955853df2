"""Sending to Kafka: what is acknowledged is there, in order; what is not may be sent again."""

import os
import threading
import time
import warnings

import pytest
from pytest_django import Settings

from nova.clients import kafka
from nova.clients.breaker import State
from nova.clients.kafka import KafkaError, Message
from nova.engines import choices
from tests.kafka import PATIENCE, Broker, Topics, read

pytestmark = [pytest.mark.xdist_group("kafka")]


@pytest.fixture
def nobody(settings: Settings) -> None:
    """Brokers that do not answer."""
    kafka.sender.discard()
    settings.KAFKA_BROKERS = f"127.0.0.1:{choices.free_port()}"


def messages(count: int, start: int = 0) -> list[Message]:
    return [Message(f"user-{number % 7}".encode(), str(number).encode()) for number in range(start, start + count)]


def test_what_is_acknowledged_is_there_with_key_and_headers(topics: Topics) -> None:
    sent = Message(b"ann", b"{}", (("direct", b"1"), ("reason", "ü".encode())))
    assert kafka.send(topics.events, [sent], PATIENCE) == [True]
    (found,) = read(topics, topics.events, 1)
    assert (found.key(), found.value(), tuple(found.headers() or ())) == sent


def test_messages_of_one_key_keep_their_order(topics: Topics) -> None:
    for start in range(0, 2000, 500):
        assert all(kafka.send(topics.events, messages(500, start), PATIENCE))
    by_key: dict[bytes, list[int]] = {}
    for found in read(topics, topics.events, 2000):
        by_key.setdefault(found.key() or b"", []).append(int(found.value() or b""))
    assert len(by_key) == 7
    assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_nothing_to_send_is_nothing_to_wait_for(nobody: None) -> None:
    assert kafka.send("events", [], 0.1) == []


def test_while_nobody_answers_nothing_is_acknowledged(nobody: None) -> None:
    assert kafka.send("events", messages(3), 0.5) == [False] * 3


def test_brokers_that_are_away_are_left_alone_for_a_while(nobody: None) -> None:
    for _ in range(10):
        assert kafka.send("events", messages(1), 0.05) == [False]
    assert kafka.guard.breaker.state is State.OPEN
    started = time.perf_counter()
    assert kafka.send("events", messages(3), 5) == [False] * 3
    assert time.perf_counter() - started < 0.05


def test_who_finds_the_producer_in_use_has_learned_nothing_of_kafka(nobody: None) -> None:
    with kafka.sender._calls:
        assert [kafka.send("events", messages(1), 0.01) for _ in range(20)] == [[False]] * 20
    assert kafka.guard.breaker.state is State.CLOSED


def test_a_message_that_no_broker_would_take_opens_nothing(topics: Topics) -> None:
    large = Message(b"ann", os.urandom(3 * 1024 * 1024))
    for _ in range(20):
        assert kafka.send(topics.events, [large], PATIENCE) == [False]
    assert kafka.guard.breaker.state is State.CLOSED


def test_what_was_not_acknowledged_does_not_arrive_later(topics: Topics, settings: Settings) -> None:
    settings.KAFKA_BROKERS = f"127.0.0.1:{choices.free_port()}"
    assert kafka.send(topics.events, messages(3), 0.3) == [False] * 3
    settings.KAFKA_BROKERS = topics.addresses
    assert all(kafka.send(topics.events, messages(3, start=10), PATIENCE))
    assert {found.value() for found in read(topics, topics.events, 3)} == {b"10", b"11", b"12"}


def test_a_message_that_is_too_large_holds_back_those_behind_it(topics: Topics) -> None:
    large = Message(b"ann", os.urandom(3 * 1024 * 1024))
    acknowledged = kafka.send(topics.events, [large, Message(b"ann", b"behind")], PATIENCE)
    assert acknowledged == [False, False]
    assert kafka.send(topics.events, [Message(b"ann", b"next")], PATIENCE) == [True]


def test_more_than_the_queue_holds_waits_for_room(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = kafka.producer_settings()
    monkeypatch.setattr(kafka, "producer_settings", lambda: usual | {"queue.buffering.max.messages": 10})
    assert all(kafka.send(topics.events, messages(200), PATIENCE))


def test_threads_share_the_producer(topics: Topics) -> None:
    acknowledged: list[bool] = []
    threads = [
        threading.Thread(target=lambda: acknowledged.extend(kafka.send(topics.events, messages(20), PATIENCE)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert acknowledged == [True] * 160


def test_a_forked_process_makes_a_producer_of_its_own(topics: Topics) -> None:
    assert kafka.send(topics.events, messages(1), PATIENCE) == [True]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what this is about
        child = os.fork()
    if not child:
        done = kafka.send(topics.events, messages(1), PATIENCE) == [True]
        os._exit(0 if done else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert kafka.send(topics.events, messages(1), PATIENCE) == [True]


@pytest.mark.parametrize("brokers", ["apache"], indirect=True)
def test_after_a_crash_of_the_broker_sending_goes_on(brokers: Broker, topics: Topics) -> None:
    assert brokers.apache is not None
    assert kafka.send(topics.events, messages(1), PATIENCE) == [True]
    brokers.apache.kill()
    try:
        assert kafka.send(topics.events, messages(1), 0.5) == [False]
    finally:
        brokers.apache.start()
    deadline = time.monotonic() + PATIENCE
    while not all(kafka.send(topics.events, messages(2), 5)):
        assert time.monotonic() < deadline
    assert len(read(topics, topics.events, 3)) == 3


def test_settings_that_make_no_sense_are_an_error_that_does_not_pass(settings: Settings) -> None:
    kafka.sender.discard()
    settings.KAFKA_BROKERS, settings.KAFKA_SECURITY_PROTOCOL = "127.0.0.1:1", "SASL_NONSENSE"
    settings.KAFKA_SASL_USERNAME, settings.KAFKA_SASL_PASSWORD = "nova", "very-secret"
    with pytest.raises(KafkaError) as raised:
        kafka.send("events", messages(1), 1)
    assert not raised.value.retryable
    assert "very-secret" not in str(raised.value)


def test_a_broker_that_answers_is_pinged(topics: Topics) -> None:
    kafka.ping()


def test_a_broker_that_does_not_answer_is_an_error_that_may_pass(nobody: None) -> None:
    with pytest.raises(KafkaError) as raised:
        kafka.ping()
    assert raised.value.retryable
