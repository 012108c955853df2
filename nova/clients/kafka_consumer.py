"""Kafka, the consuming side: one member of a consumer group, whose offsets are committed by hand."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as DriverMessage

from nova.clients.kafka import Headers
from nova.clients.kafka_connection import KafkaError, common_settings, complaints, own_errors

log = structlog.get_logger(__name__)
QUERY_TIMEOUT = 1.0  # seconds, for what only a metric needs


class Record(NamedTuple):
    """A message as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Subscription:
    """A member of the group `group`, reading one topic.

    Eager rebalancing: whenever somebody joins or leaves, all partitions are given up and dealt out again, from their
    committed offsets. `revocations` counts how often, so that a caller sees whether a batch is still its own.
    """

    def __init__(self, topic: str, group: str) -> None:
        self.topic, self.group = topic, group
        self.revocations = 0
        self._early: list[Record] = []
        self._committed: dict[int, int] = {}
        with own_errors():
            self._consumer = Consumer(consumer_settings(group))
            self._consumer.subscribe([topic], on_revoke=self._give_up, on_lost=self._give_up)

    def poll(self, most: int, wait: float) -> list[Record]:
        """Up to `most` records, fewer when they do not come within `wait` seconds."""
        early, self._early = self._early, []
        return early + self._read(most, wait)

    def keep_alive(self, seconds: float) -> None:
        """Wait as a member of the group, reading nothing: brokers put out who does not poll."""
        with own_errors():
            self._consumer.pause(self._consumer.assignment())
        self._early += self._read(1, seconds)

    def resume(self) -> None:
        with own_errors():
            self._consumer.resume(self._consumer.assignment())

    def commit(self, records: Iterable[Record]) -> None:
        """These records are done with, and so is all before them. Raises KafkaError."""
        assigned = {each.partition for each in self._consumer.assignment()}
        offsets: dict[int, int] = {}
        for each in records:
            if each.partition in assigned:
                offsets[each.partition] = max(each.offset + 1, offsets.get(each.partition, 0))
        if not offsets:
            return
        with own_errors():
            self._consumer.commit(offsets=self._at(offsets), asynchronous=False)
        self._committed |= offsets

    def lags(self) -> dict[int, int]:
        """By partition of this member: how many records are not committed yet. Nothing while no broker answers."""
        try:
            assigned = [each.partition for each in self._consumer.assignment()]
            return {partition: self._lag(partition) for partition in assigned}
        except KafkaException:
            return {}

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _read(self, most: int, wait: float) -> list[Record]:
        try:
            messages = self._consumer.consume(most, wait)
        except KafkaException as error:
            complaints.note(error.args[0])
            return []
        return [record for message in messages if (record := _record(message))]

    def _lag(self, partition: int) -> int:
        place = TopicPartition(self.topic, partition)
        low, high = self._consumer.get_watermark_offsets(place, timeout=QUERY_TIMEOUT)
        if partition not in self._committed:
            (known,) = self._consumer.committed([place], timeout=QUERY_TIMEOUT)
            self._committed[partition] = known.offset
        return max(0, high - max(low, self._committed[partition]))  # never committed is a negative number

    def _give_up(self, consumer: Consumer, partitions: Sequence[TopicPartition]) -> None:
        self.revocations += 1
        self._early.clear()
        self._committed.clear()

    def _at(self, offsets: dict[int, int]) -> list[TopicPartition]:
        return [TopicPartition(self.topic, partition, offset) for partition, offset in offsets.items()]


def _record(message: DriverMessage) -> Record | None:
    error = message.error()
    if error is not None:
        complaints.note(error)
        return None
    place = message.topic(), message.partition(), message.offset()
    return Record(*place, message.key(), message.value(), tuple(message.headers() or ()))  # type: ignore[arg-type]


def consumer_settings(group: str) -> dict[str, Any]:
    return common_settings() | {
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "partition.assignment.strategy": "roundrobin",
        "session.timeout.ms": 10_000,
        "heartbeat.interval.ms": 3_000,
        "max.poll.interval.ms": 300_000,
        "topic.metadata.refresh.interval.ms": 30_000,  # a topic made after the start is found by then
        "fetch.wait.max.ms": 100,
        "queued.max.messages.kbytes": 32_768,
    }


__all__ = ["KafkaError", "Record", "Subscription"]
