from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from nova.clients import kafka, kafka_topics
from nova.streaming import dead_letter_topic

PARTITIONS, REPLICATION = 3, 2
# A dead letter is its record and the reason: room for both, whatever the broker allows elsewhere.
DEAD_LETTERS = {"max.message.bytes": str(kafka.LARGEST_MESSAGE)}


class Command(BaseCommand):
    help = "Make Kafka's topics with their dead-letter topics: 3 partitions, 2 replicas or what the cluster allows."

    def handle(self, *args: Any, **options: Any) -> None:
        if not kafka.enabled():
            raise CommandError("KAFKA_BROKERS is not set. Set it to host:port of a broker (comma-separated).")
        try:
            made = kafka_topics.create(wanted(), partitions=PARTITIONS, replication=REPLICATION)
        except kafka.KafkaError as error:
            raise CommandError(
                f"Kafka failed: {error}. Check KAFKA_BROKERS and the rights of KAFKA_SASL_USERNAME, and run this "
                "again: what is there already stays as it is."
            ) from error
        for name, is_new in made.items():
            self.stdout.write(f"  {'Made' if is_new else 'Found'} {name}")


def wanted() -> dict[str, kafka_topics.Config]:
    topics: dict[str, kafka_topics.Config] = {}
    for name in (settings.KAFKA_EVENTS_TOPIC, settings.KAFKA_CDC_TOPIC):
        topics[name] = {}
        topics[dead_letter_topic(name)] = DEAD_LETTERS
    return topics
