"""A member of a consumer group: what it reads, commits and gives up."""

import time
from collections.abc import Callable, Iterator

import pytest

from nova.clients import kafka
from nova.clients.kafka import Message
from nova.clients.kafka_consumer import Record, Subscription
from tests.kafka import PATIENCE, Topics

pytestmark = [pytest.mark.xdist_group("kafka")]
Join = Callable[[], Subscription]


@pytest.fixture
def join(topics: Topics) -> Iterator[Join]:
    """A new member of the group `readers`."""
    members: list[Subscription] = []

    def make() -> Subscription:
        members.append(Subscription(topics.events, "readers"))
        return members[-1]

    yield make
    for member in members:
        member.close()


def send(topics: Topics, *values: str) -> None:
    messages = [Message(value.encode(), value.encode()) for value in values]
    assert all(kafka.send(topics.events, messages, PATIENCE))


def values(found: list[Record]) -> set[str]:
    return {(record.value or b"").decode() for record in found}


def read(member: Subscription, count: int) -> list[Record]:
    """What it reads until it has `count` records."""
    found: list[Record] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        found += member.poll(100, 0.2)
        assert time.monotonic() < deadline
    return found


def test_what_was_committed_is_not_read_again(topics: Topics, join: Join) -> None:
    send(topics, "a", "b")
    first = join()
    first.commit(read(first, 2))
    first.close()
    send(topics, "c")
    assert values(read(join(), 1)) == {"c"}


def test_what_was_not_committed_is_read_again(topics: Topics, join: Join) -> None:
    send(topics, "a", "b")
    first = join()
    read(first, 2)
    first.close()
    assert values(read(join(), 2)) == {"a", "b"}


def test_a_member_that_waits_reads_nothing_and_misses_nothing(topics: Topics, join: Join) -> None:
    send(topics, "a")
    member = join()
    batch = read(member, 1)
    send(topics, "b", "c")
    for _ in range(5):
        member.keep_alive(0.1)
    member.resume()
    member.commit(batch)
    assert values(read(member, 2)) == {"b", "c"}


def test_lag_is_what_is_not_committed(topics: Topics, join: Join) -> None:
    send(topics, "a", "b", "c")
    member = join()
    batch = read(member, 3)
    assert sum(member.lags().values()) == 3
    member.commit(batch)
    assert sum(member.lags().values()) == 0


def test_a_second_member_takes_over_what_the_first_gives_up(topics: Topics, join: Join) -> None:
    first = join()
    send(topics, "a")
    read(first, 1)
    second = join()
    deadline = time.monotonic() + PATIENCE
    while not second.lags() or not first.revocations:
        first.poll(10, 0.1)
        second.poll(10, 0.1)
        assert time.monotonic() < deadline
    assert not first.lags().keys() & second.lags().keys()
