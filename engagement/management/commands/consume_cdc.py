from engagement import cdc
from nova.streaming_command import ConsumerCommand


class Command(ConsumerCommand):
    help = "Take over videos, comments and follows that were made elsewhere, from Kafka, until SIGTERM."
    topic_setting = "KAFKA_CDC_TOPIC"
    group = "nova-cdc"
    handler = staticmethod(cdc.handle)
