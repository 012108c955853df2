"""What producers, consumers and administrators of Kafka share: how to connect, and what an error means."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import confluent_kafka
import structlog
from django.conf import settings

log = structlog.get_logger(__name__)
CONNECT_TIMEOUT_MS = 2_000
REQUEST_TIMEOUT_MS = 10_000
SAY_AGAIN_AFTER = 30.0  # seconds; a broker that is away is reported by every attempt to reach it
Codes = confluent_kafka.KafkaError
# What will not work by trying again: rights, requests that are wrong in themselves, settings.
FINAL_CODES = {
    Codes._AUTHENTICATION,
    Codes._INVALID_ARG,
    Codes._UNSUPPORTED_FEATURE,
    Codes.CLUSTER_AUTHORIZATION_FAILED,
    Codes.GROUP_AUTHORIZATION_FAILED,
    Codes.INVALID_MSG,
    Codes.MSG_SIZE_TOO_LARGE,
    Codes.POLICY_VIOLATION,
    Codes.SASL_AUTHENTICATION_FAILED,
    Codes.TOPIC_AUTHORIZATION_FAILED,
    Codes.UNSUPPORTED_VERSION,
}


class KafkaError(Exception):
    """A call to Kafka failed; `retryable` says whether the same call may work later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


@contextmanager
def own_errors() -> Iterator[None]:
    """The driver's errors as KafkaError."""
    try:
        yield
    except confluent_kafka.KafkaException as error:
        cause = error.args[0]
        raise KafkaError(f"{cause.name()}: {cause.str()}", retryable=cause.code() not in FINAL_CODES) from error


def common_settings() -> dict[str, Any]:
    given = {
        "bootstrap.servers": settings.KAFKA_BROKERS,
        "client.id": "nova",
        "security.protocol": settings.KAFKA_SECURITY_PROTOCOL,
        "socket.connection.setup.timeout.ms": CONNECT_TIMEOUT_MS,
        "socket.timeout.ms": REQUEST_TIMEOUT_MS,
        "reconnect.backoff.max.ms": 1_000,
        "log_level": 2,  # errors come by the callback, without repeating themselves
        "error_cb": complaints.note,
    }
    if settings.KAFKA_SECURITY_PROTOCOL.upper().startswith("SASL_"):
        given |= {
            "sasl.mechanism": settings.KAFKA_SASL_MECHANISM,
            "sasl.username": settings.KAFKA_SASL_USERNAME,
            "sasl.password": settings.KAFKA_SASL_PASSWORD,
        }
    return given


class Complaints:
    """librdkafka's error callback: each kind of error is logged at most every 30 seconds, and never raised."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def note(self, error: confluent_kafka.KafkaError) -> None:
        now = time.monotonic()
        if now - self._said.get(error.name(), -SAY_AGAIN_AFTER) >= SAY_AGAIN_AFTER:
            self._said[error.name()] = now
            log.warning("kafka_error", code=error.name(), error=error.str(), fatal=error.fatal())


complaints = Complaints()
