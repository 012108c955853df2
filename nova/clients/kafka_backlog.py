"""How far a consumer group is behind, asked from outside of it."""

from confluent_kafka import Consumer, TopicPartition

from nova.clients.kafka_connection import common_settings, own_errors

TIMEOUT = 5.0


def backlog(topic: str, group: str) -> int:
    """How many records of a topic the group has not committed. Raises KafkaError."""
    with own_errors():
        asking = Consumer(common_settings() | {"group.id": group})  # it joins nothing: it never subscribes
        try:
            partitions = asking.list_topics(topic, timeout=TIMEOUT).topics[topic].partitions
            places = asking.committed([TopicPartition(topic, each) for each in partitions], timeout=TIMEOUT)
            return sum(_behind(asking, each) for each in places)
        finally:
            asking.close()


def _behind(asking: Consumer, committed: TopicPartition) -> int:
    low, high = asking.get_watermark_offsets(committed, timeout=TIMEOUT)
    return high - max(low, committed.offset)  # never committed is a negative number
