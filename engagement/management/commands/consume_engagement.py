from engagement import consuming, store
from nova.streaming_command import ConsumerCommand


class Command(ConsumerCommand):
    help = "Bring events from Kafka into ClickHouse, until SIGTERM. Several may run; they share the partitions."
    topic_setting = "KAFKA_EVENTS_TOPIC"
    group = store.CONSUMERS
    handler = staticmethod(consuming.handle)
