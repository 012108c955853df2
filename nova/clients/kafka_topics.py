"""Kafka's topics: made by `manage.py create_topics`, never by writing to them."""

from collections.abc import Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from nova.clients.kafka_connection import Codes, common_settings, own_errors

TIMEOUT = 10.0
Config = Mapping[str, str]


def create(topics: Mapping[str, Config], *, partitions: int, replication: int) -> dict[str, bool]:
    """By name whether the topic is new. `replication` is what is wished for; a smaller cluster gives what it has.

    Raises KafkaError.
    """
    with own_errors():
        admin = AdminClient(common_settings())
        copies = min(replication, len(admin.list_topics(timeout=TIMEOUT).brokers))
        wanted = [NewTopic(name, partitions, copies, config=dict(config)) for name, config in topics.items()]
        made = admin.create_topics(wanted, operation_timeout=TIMEOUT, request_timeout=TIMEOUT)
        return {name: _is_new(future) for name, future in made.items()}


def _is_new(future: Future[None]) -> bool:
    try:
        future.result(2 * TIMEOUT)
    except KafkaException as error:
        if error.args[0].code() != Codes.TOPIC_ALREADY_EXISTS:
            raise
        return False
    return True
