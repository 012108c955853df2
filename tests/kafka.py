"""A pytest plugin: the Kafka brokers that tests run on, each started once per run, and which of them were used.

`mock` is librdkafka's own mock cluster, `apache` a real Apache Kafka fetched by Maven, `given` whatever KAFKA_BROKERS
names. Everything that asks for `brokers` runs on each of them, in one xdist worker.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition
from confluent_kafka import Message as DriverMessage
from confluent_kafka.admin import AdminClient, NewTopic
from pytest_django import Settings

from nova.clients import kafka, kafka_consumer
from nova.streaming import dead_letter_topic
from tests.apache_kafka import ApacheKafka

# Set for all other tests, Kafka would change what they test.
os.environ.setdefault("NOVA_TEST_KAFKA", os.environ.pop("KAFKA_BROKERS", ""))
NAMES = ["mock", "apache", *(["given"] if os.environ["NOVA_TEST_KAFKA"] else [])]
PARTITIONS = 3
PATIENCE = 60.0  # seconds; a busy machine is slow, not wrong


class Broker(NamedTuple):
    name: str
    addresses: str
    apache: ApacheKafka | None = None


class Topics(NamedTuple):
    """Topics of one test."""

    addresses: str
    events: str
    cdc: str


@pytest.fixture(scope="session", params=NAMES)
def brokers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    _note_use(request.param)
    if request.param == "given":
        yield Broker("given", os.environ["NOVA_TEST_KAFKA"])
    elif request.param == "mock":
        cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 3, "log_level": 2})
        found = cluster.list_topics(timeout=PATIENCE).brokers.values()
        yield Broker("mock", ",".join(f"{each.host}:{each.port}" for each in found))
    else:
        yield from _apache(tmp_path_factory.mktemp("kafka"))


@pytest.fixture
def topics(brokers: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Topics]:
    """Nova with these brokers and topics of its own."""
    if brokers.name == "mock":  # it spends most of a session on every rebalance
        usual = kafka_consumer.consumer_settings
        short = {"session.timeout.ms": 4_000, "heartbeat.interval.ms": 1_000}
        monkeypatch.setattr(kafka_consumer, "consumer_settings", lambda group: usual(group) | short)
    prefix = uuid.uuid4().hex[:8]
    made = Topics(brokers.addresses, f"{prefix}-events", f"{prefix}-cdc")
    for topic in (made.events, made.cdc):
        make_topics(brokers, topic, dead_letter_topic(topic))
    settings.KAFKA_BROKERS = made.addresses
    settings.KAFKA_EVENTS_TOPIC, settings.KAFKA_CDC_TOPIC = made.events, made.cdc
    kafka.sender.discard()
    yield made
    kafka.sender.discard()


def make_topics(brokers: Broker, *names: str) -> None:
    admin = AdminClient({"bootstrap.servers": brokers.addresses})
    if brokers.name == "mock":  # makes topics for whoever asks, and takes no orders
        for name in names:
            admin.list_topics(name, timeout=PATIENCE)
        return
    for future in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names]).values():
        future.result(PATIENCE)


def read(topics: Topics, name: str, count: int) -> list[DriverMessage]:
    """The first `count` messages of a topic, by partition and offset."""
    consumer = Consumer({"bootstrap.servers": topics.addresses, "group.id": uuid.uuid4().hex, "log_level": 2})
    try:
        partitions = consumer.list_topics(name, timeout=PATIENCE).topics[name].partitions
        consumer.assign([TopicPartition(name, each, OFFSET_BEGINNING) for each in partitions])  # without a group
        messages = consumer.consume(count, PATIENCE)
    finally:
        consumer.close()
    assert not [each.error() for each in messages if each.error()]
    assert len(messages) == count, f"{len(messages)} of {count} messages in {name}"
    return sorted(messages, key=lambda each: (each.partition() or 0, each.offset() or 0))


def count_of(topics: Topics, name: str) -> int:
    """How many messages a topic holds."""
    consumer = _consumer(topics)
    try:
        partitions = consumer.list_topics(name, timeout=PATIENCE).topics[name].partitions
        ends = [consumer.get_watermark_offsets(TopicPartition(name, each), timeout=PATIENCE) for each in partitions]
        return sum(high - low for low, high in ends)
    finally:
        consumer.close()


def lag_of(topics: Topics, name: str, group: str) -> int:
    """How many messages of a topic a group has not committed, asked without joining it."""
    consumer = _consumer(topics, group)
    try:
        known = consumer.list_topics(name, timeout=PATIENCE).topics[name].partitions
        places = consumer.committed([TopicPartition(name, each) for each in known], timeout=PATIENCE)
        ends = [consumer.get_watermark_offsets(each, timeout=PATIENCE)[1] for each in places]
        return sum(end - max(0, each.offset) for end, each in zip(ends, places, strict=True))
    finally:
        consumer.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    used = _uses()
    if used.exists():
        names = ", ".join(dict.fromkeys(used.read_text().split()))
        terminalreporter.write_line(f"Kafka tests ran on: {names}")


def _consumer(topics: Topics, group: str = "nobody") -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": topics.addresses,
            "group.id": group,
            "enable.auto.commit": False,
            "log_level": 2,
        }
    )


def _apache(folder: Path) -> Iterator[Broker]:
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            pytest.skip(f"Apache Kafka needs {tool}")
    server = ApacheKafka(folder)
    server.start()
    try:
        yield Broker("apache", server.address, server)
    finally:
        server.stop()


def _note_use(name: str) -> None:
    with _uses().open("a") as uses:
        uses.write(f"{name}\n")


def _uses() -> Path:
    """In the run's folder, which all workers share."""
    return Path(os.environ["NOVA_TEST_ENGINES"]) / "kafka-brokers"
