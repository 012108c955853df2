"""What the consuming commands share: options, signals, metrics."""

import signal
from types import FrameType
from typing import Any

import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from prometheus_client import start_http_server

from nova.clients import kafka
from nova.clients.kafka_consumer import Subscription
from nova.streaming import Handler, Stream

log = structlog.get_logger(__name__)


class ConsumerCommand(BaseCommand):
    """Subclasses name the setting that holds the topic, the group, and the handler."""

    topic_setting: str
    group: str
    handler: Handler

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=5000, help="records at most in one batch (default 5000)")
        parser.add_argument("--wait", type=float, default=0.5, help="seconds to wait for a batch to fill (default 0.5)")
        parser.add_argument("--metrics-port", type=int, default=0, help="serve /metrics there (default 0: nowhere)")
        parser.add_argument("--metrics-address", default="127.0.0.1", help="(default 127.0.0.1)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not kafka.enabled():
            raise CommandError("KAFKA_BROKERS is not set. Without Kafka events reach ClickHouse from the outbox.")
        if options["batch"] < 1 or options["wait"] <= 0:
            raise CommandError("--batch is a number from 1, --wait a time above 0.")
        stream = self._stream(options["batch"], options["wait"])
        serve_metrics(options["metrics_port"], options["metrics_address"])
        stop_on_signals(stream)
        log.info("stream_started", topic=stream.subscription.topic, group=self.group)
        try:
            stream.run()
        finally:
            connections.close_all()
        log.info("stream_stopped", topic=stream.subscription.topic, group=self.group)

    def _stream(self, most: int, wait: float) -> Stream:
        try:
            subscription = Subscription(getattr(settings, self.topic_setting), self.group)
        except kafka.KafkaError as error:
            raise CommandError(f"Kafka's settings are refused: {error}. Check KAFKA_BROKERS and KAFKA_…") from error
        return Stream(subscription, type(self).handler, most=most, wait=wait)


def serve_metrics(port: int, address: str) -> None:
    """Raises CommandError when the port is taken."""
    if not port:
        return
    try:
        start_http_server(port, address)
    except OSError as error:
        raise CommandError(f"Metrics cannot be served on {address}:{port}: {error.strerror}.") from error


def stop_on_signals(stream: Stream) -> None:
    """SIGTERM and SIGINT finish the batch in hand and end the command with status 0."""

    def stop(number: int, frame: FrameType | None) -> None:
        stream.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
