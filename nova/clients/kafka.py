"""Kafka, the producing side. The driver is known here and in the modules named `kafka_…` beside this one alone."""

import atexit
import ctypes
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import confluent_kafka
import structlog
from django.conf import settings

from nova.clients.guard import Guard, RefusedError
from nova.clients.kafka_connection import FINAL_CODES, KafkaError, common_settings, own_errors

__all__ = ["DIRECT", "KafkaError", "KafkaRefusedError", "Message", "enabled", "ping", "send"]

log = structlog.get_logger(__name__)
PING_TIMEOUT = 1.5
LARGEST_MESSAGE = 2 * 1024 * 1024  # a dead letter is a little larger than the message it was
Headers = tuple[tuple[str, bytes], ...]
DIRECT: Headers = (("direct", b"1"),)  # an event that never passed the outbox, because PostgreSQL was away


class KafkaRefusedError(RefusedError, KafkaError):
    """Kafka was not asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class UndeliveredError(Exception):
    """Not all of a call was acknowledged; `away` says whether for lack of an answer, None when nobody was asked."""

    def __init__(self, *, away: bool | None) -> None:
        super().__init__()
        self.away = away


def is_away(error: BaseException) -> bool | None:
    return error.away if isinstance(error, UndeliveredError) else None


guard = Guard("kafka", KafkaRefusedError, is_away)


class Message(NamedTuple):
    """What is sent. Messages of one key keep their order."""

    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def enabled() -> bool:
    return bool(settings.KAFKA_BROKERS)


def send(topic: str, messages: Sequence[Message], timeout: float) -> list[bool]:
    """Which of the messages, in their order, every in-sync broker has acknowledged within `timeout` seconds.

    After the first failure the others are not tried any more, and while the breaker is open none is. What was not
    acknowledged may have arrived all the same: send it again, and let who reads it know it by its id. Raises
    KafkaError when the settings make no sense.
    """
    return sender.send(topic, messages, timeout)


def ping() -> None:
    """Raises KafkaError when no broker answers."""
    with own_errors():
        sender.producer().list_topics(timeout=PING_TIMEOUT)


class Call:
    """One `send` under way: which of its messages were acknowledged, and whether waiting for the rest makes sense."""

    def __init__(self, messages: int, timeout: float) -> None:
        self.acknowledged = [False] * messages
        self.error = ""
        self.away: bool | None = None
        self._deadline = time.monotonic() + timeout

    @property
    def time_left(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    @property
    def is_over(self) -> bool:
        return bool(self.error) or not self.time_left

    def note(self, index: int, error: confluent_kafka.KafkaError | None, message: object) -> None:
        """The delivery callback of one message."""
        if error is None:
            self.acknowledged[index] = True
        else:
            self.fail(error.name(), away=error.code() not in FINAL_CODES)

    def fail(self, error: str, *, away: bool | None) -> None:
        """The first failure is the one that counts: what follows is that nothing was tried any more."""
        if not self.error:
            self.error, self.away = error, away


class Sender:
    """Holds the producer of this process, made when it is first needed.

    One call at a time: whatever lies in the producer is then of that call. When the call ends with something
    unacknowledged, the producer is emptied and replaced, so that nothing is delivered behind the caller's back, out of
    order; and one that librdkafka has given up (a fatal error) is not used again.
    """

    def __init__(self) -> None:
        self._start_anew()

    def _start_anew(self) -> None:
        self._calls = threading.Lock()
        self._making = threading.Lock()
        self._producer: confluent_kafka.Producer | None = None

    def producer(self) -> confluent_kafka.Producer:
        """Raises KafkaError when the settings make no sense."""
        with self._making, own_errors():
            if self._producer is None:
                self._producer = confluent_kafka.Producer(producer_settings())
            return self._producer

    def send(self, topic: str, messages: Sequence[Message], timeout: float) -> list[bool]:
        call = Call(len(messages), timeout)
        if messages:
            self._try(topic, messages, call)
        if not all(call.acknowledged):
            missing = call.acknowledged.count(False)
            log.warning("kafka_send_failed", topic=topic, unacknowledged=missing, error=call.error)
        return list(call.acknowledged)

    def _try(self, topic: str, messages: Sequence[Message], call: Call) -> None:
        """Raises KafkaError when the settings make no sense."""
        try:
            with guard.call():
                self._deliver_alone(topic, messages, call)
                if not all(call.acknowledged):
                    raise UndeliveredError(away=call.away)
        except KafkaRefusedError:
            call.fail("refused", away=None)
        except UndeliveredError:
            pass  # the call holds what became of each message

    def _deliver_alone(self, topic: str, messages: Sequence[Message], call: Call) -> None:
        if not self._calls.acquire(timeout=call.time_left):
            return call.fail("another call takes all the time", away=None)
        try:
            return self._deliver(topic, messages, call)
        finally:
            self._calls.release()

    def _deliver(self, topic: str, messages: Sequence[Message], call: Call) -> None:
        producer = self.producer()
        try:
            for index, message in enumerate(messages):
                _enqueue(producer, topic, message, partial(call.note, index), call)
            while len(producer) and not call.is_over:
                producer.poll(min(0.1, call.time_left))
        except confluent_kafka.KafkaException as error:
            call.fail(error.args[0].name(), away=error.args[0].code() not in FINAL_CODES)
        except BaseException:  # a time limit, for one: nothing may be delivered that the caller takes back
            self.discard()
            raise
        if not all(call.acknowledged):
            call.fail("timed out", away=True)
            self.discard()

    def discard(self) -> None:
        """Close the producer with whatever is still in it."""
        with self._making:
            producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.poll(0)

    def drop(self) -> None:
        """At the end of the process: as `discard`, but nobody hears of it any more."""
        if self._producer is not None:
            self._producer.purge()

    def leave_to_parent(self) -> None:
        """After a fork: a producer's threads stayed with the parent, so it can be neither used nor closed here."""
        if self._producer is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._producer))
        self._start_anew()


def _enqueue(
    producer: confluent_kafka.Producer, topic: str, message: Message, note: Callable[..., None], call: Call
) -> None:
    """Wait for room in the queue where there is none. Raises KafkaException."""
    while not call.is_over:
        try:
            producer.produce(topic, message.value, message.key, headers=list(message.headers) or None, on_delivery=note)
            return
        except BufferError:
            producer.poll(min(0.1, call.time_left))


def producer_settings() -> dict[str, Any]:
    return common_settings() | {
        "acks": "all",
        "enable.idempotence": True,  # retries keep the order and double nothing
        "max.in.flight.requests.per.connection": 5,
        "linger.ms": 3,
        "compression.type": "lz4",
        "partitioner": "murmur2_random",  # as Java's clients do it: a key has one partition, whoever writes
        "message.max.bytes": LARGEST_MESSAGE,
        "queue.buffering.max.messages": 100_000,
        "queue.buffering.max.kbytes": 65_536,
    }


sender = Sender()
os.register_at_fork(after_in_child=sender.leave_to_parent)
atexit.register(sender.drop)
