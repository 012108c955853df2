"""Consuming a topic without loss: a batch is handled, then its bad records are buried, then its offsets are committed.

While an engine is away the batch waits and the topic with it; the consumer stays in its group. What a handler refuses
for good is found by halving and goes to the dead-letter topic. A batch may be handled more than once: handlers are
idempotent.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from django.db import DataError, Error, IntegrityError, close_old_connections
from prometheus_client import Counter, Gauge

from nova.clients import kafka
from nova.clients.clickhouse import BadRowsError, ClickHouseError
from nova.clients.kafka_consumer import Record, Subscription

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds
BURIAL_TIMEOUT = 10.0
LAG_EVERY = 5.0
LONGEST_REASON = 500
OF_RECORDS = (BadRowsError, DataError, IntegrityError)
MOST_REFUSED = 100  # when so many records are refused and none is taken, it is not the records

LAG = Gauge("kafka_consumer_lag", "Records not committed yet.", ["topic", "partition", "group"])
CONSUMED = Counter("kafka_records_consumed", "Records handled and committed.", ["topic", "group"])
BURIED = Counter("kafka_dead_letters", "Records that went to the dead-letter topic.", ["topic", "group"])


class DeadLetter(NamedTuple):
    """A record that cannot be used, and why."""

    record: Record
    reason: str


Handler = Callable[[Sequence[Record]], list[DeadLetter]]


class NothingTakenError(Exception):
    """The handler refused everything it was given: that tells nothing of the records, and much of the handler."""


OF_ENGINES = (ClickHouseError, kafka.KafkaError, Error, NothingTakenError)


class Stream:
    """Reads a topic until `stop` is called, from a signal handler or another thread."""

    def __init__(self, subscription: Subscription, handle: Handler, *, most: int, wait: float) -> None:
        self.subscription = subscription
        self.handle = handle
        self.most, self.wait = most, wait
        self._stopping = threading.Event()
        self._lag_due = 0.0

    def stop(self) -> None:
        """Finish the batch in hand and return from `run`; a batch that waits for an engine is left to the next run."""
        self._stopping.set()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                if batch := self.subscription.poll(self.most, self.wait):
                    self._process(batch)
                self._report_lag()
        finally:
            self.subscription.close()
            LAG.clear()

    def _process(self, batch: list[Record]) -> None:
        """Handle a batch until it is through, and commit it; or give it up because of a rebalance or `stop`."""
        pause, held_since = FIRST_PAUSE, self.subscription.revocations
        while True:
            try:
                dead = sift(self.handle, batch)
                self._bury(dead)
                break
            except Exception as error:
                if not is_of_engine(error):
                    raise
                log.warning("stream_waits", topic=self.subscription.topic, error=str(error), seconds=pause)
                alone = isinstance(error, NothingTakenError)
            if not self._wait(pause, held_since):
                return
            if alone:  # company tells whether it is the records or the engine
                batch = batch + self.subscription.poll(max(0, self.most - len(batch)), self.wait)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._commit(batch, dead)

    def _wait(self, seconds: float, held_since: int) -> bool:
        """Whether the batch is still to be handled afterwards."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self._is_held(held_since):
            self.subscription.keep_alive(min(left, 0.1))
            self._report_lag()
        self.subscription.resume()
        return self._is_held(held_since)

    def _is_held(self, held_since: int) -> bool:
        return not self._stopping.is_set() and self.subscription.revocations == held_since

    def _bury(self, dead: Sequence[DeadLetter]) -> None:
        if not dead:
            return
        messages = [tombstone(each) for each in dead]
        if not all(kafka.send(dead_letter_topic(self.subscription.topic), messages, BURIAL_TIMEOUT)):
            raise kafka.KafkaError("the dead-letter topic did not take all", retryable=True)

    def _commit(self, batch: Sequence[Record], dead: Sequence[DeadLetter]) -> None:
        try:
            self.subscription.commit(batch)
        except kafka.KafkaError as error:  # the next commit covers it, or whoever gets the partition handles it again
            log.warning("stream_commit_failed", topic=self.subscription.topic, error=str(error))
        labels = self.subscription.topic, self.subscription.group
        CONSUMED.labels(*labels).inc(len(batch))
        BURIED.labels(*labels).inc(len(dead))

    def _report_lag(self) -> None:
        if time.monotonic() < self._lag_due:
            return
        lags = self.subscription.lags()
        LAG.clear()  # partitions of others now
        for partition, lag in lags.items():
            LAG.labels(self.subscription.topic, partition, self.subscription.group).set(lag)
        self._lag_due = time.monotonic() + LAG_EVERY


def sift(handle: Handler, batch: Sequence[Record]) -> list[DeadLetter]:
    """Have all of a batch handled, in order; halve what is refused until the bad records stand alone.

    Raises what is worth another try, and NothingTakenError.
    """
    dead: list[DeadLetter] = []
    refused = taken = 0
    parts = [batch]
    while parts:
        part = parts.pop()
        try:
            close_old_connections()  # one that broke while nothing was to be done
            unfit = handle(part)
        except Exception as error:
            if is_of_engine(error):
                raise
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            refused += 1
            unfit = [DeadLetter(part[0], f"{type(error).__name__}: {error}")]
            if isinstance(error, OF_RECORDS):
                taken += 1  # an engine that names the record as the reason works
            if not taken and (refused >= MOST_REFUSED or not parts):
                raise NothingTakenError(unfit[0].reason) from error
        else:
            taken += len(part) - len(unfit)
        dead += unfit
    return dead


def is_of_engine(error: Exception) -> bool:
    """Whether an engine failed, by itself or by how it is set up, rather than because of what the records hold."""
    return isinstance(error, OF_ENGINES) and not isinstance(error, OF_RECORDS)


def dead_letter_topic(topic: str) -> str:
    return f"{topic}.dead-letter"


def tombstone(letter: DeadLetter) -> kafka.Message:
    """The record as it was, with headers that say why it is here and where it was."""
    record = letter.record
    where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    headers = [("reason", letter.reason[:LONGEST_REASON].encode(errors="replace"))]
    headers += [(f"source-{name}", str(value).encode()) for name, value in where.items()]
    return kafka.Message(record.key, record.value, (*record.headers, *headers))
