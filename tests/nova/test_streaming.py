"""What becomes of a batch: sifted, buried, committed; waiting while an engine is away."""

from collections.abc import Sequence

import pytest
from django.db import DataError, OperationalError, ProgrammingError

from nova.clients.clickhouse import BadRowsError, ClickHouseError
from nova.clients.kafka import KafkaError
from nova.clients.kafka_consumer import Record
from nova.streaming import DeadLetter, NothingTakenError, dead_letter_topic, is_of_engine, sift, tombstone


def records(*values: str) -> list[Record]:
    return [Record("events", 0, offset, b"ann", value.encode(), ()) for offset, value in enumerate(values)]


class Handler:
    """Takes all records but those with a value in `refused`, which it fails over; keeps what it took, in order."""

    def __init__(self, refused: Sequence[str], error: Exception) -> None:
        self.refused = {value.encode() for value in refused}
        self.error = error
        self.taken: list[str] = []

    def __call__(self, batch: Sequence[Record]) -> list[DeadLetter]:
        if any(record.value in self.refused for record in batch):
            raise self.error
        self.taken += [(record.value or b"").decode() for record in batch]
        return []


@pytest.fixture(autouse=True)
def no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nova.streaming.close_old_connections", lambda: None)


def test_a_good_batch_is_handled_at_once() -> None:
    handler = Handler([], ValueError())
    assert sift(handler, records("a", "b", "c")) == []
    assert handler.taken == ["a", "b", "c"]


@pytest.mark.parametrize("refused", [["a"], ["e"], ["c", "d"], ["a", "c", "e"]])
def test_bad_records_are_found_and_the_rest_is_taken_in_order(refused: list[str]) -> None:
    handler = Handler(refused, ValueError("odd"))
    dead = sift(handler, batch := records("a", "b", "c", "d", "e"))
    assert [letter.record for letter in dead] == [each for each in batch if each.value in handler.refused]
    assert {letter.reason for letter in dead} == {"ValueError: odd"}
    assert handler.taken == [value for value in "abcde" if value not in refused]


@pytest.mark.parametrize("retryable", [True, False])
def test_an_engine_that_fails_is_not_the_fault_of_records(retryable: bool) -> None:
    """A table that is missing would otherwise empty the whole topic into the dead letters."""
    with pytest.raises(ClickHouseError):
        sift(Handler(["b"], ClickHouseError("no such table", retryable=retryable)), records("a", "b"))


@pytest.mark.parametrize("count", [1, 3, 500])
def test_when_everything_is_refused_nothing_is_buried(count: int) -> None:
    values = [str(number) for number in range(count)]
    with pytest.raises(NothingTakenError, match="a fault of ours"):
        sift(Handler(values, TypeError("a fault of ours")), records(*values))


@pytest.mark.parametrize("error", [BadRowsError("bad value"), DataError("bad value")])
def test_an_error_that_names_the_rows_is_believed_even_of_a_single_record(error: Exception) -> None:
    (letter,) = sift(Handler(["a"], error), records("a"))
    assert "bad value" in letter.reason


def test_records_the_handler_itself_rejects_do_not_count_as_taken() -> None:
    def handle(batch: Sequence[Record]) -> list[DeadLetter]:
        if any(record.value == b"good" for record in batch):
            raise TypeError("a fault of ours")
        return [DeadLetter(record, "not JSON") for record in batch]

    with pytest.raises(NothingTakenError):
        sift(handle, records("bad", "bad", "good"))


@pytest.mark.parametrize(
    ("error", "of_engine"),
    [
        (ClickHouseError("away", retryable=True), True),
        (ClickHouseError("no such table", retryable=False), True),
        (BadRowsError("bad value"), False),
        (KafkaError("no right to write", retryable=False), True),
        (OperationalError("away"), True),
        (ProgrammingError("no such table"), True),
        (DataError("too long"), False),
        (NothingTakenError("odd"), True),
        (ValueError("odd"), False),
    ],
)
def test_which_errors_are_an_engines(error: Exception, of_engine: bool) -> None:
    assert is_of_engine(error) is of_engine


def test_a_dead_letter_is_the_record_with_its_reason_and_its_place() -> None:
    record = Record("events", 2, 41, b"ann", b"{", (("direct", b"1"),))
    sent = tombstone(DeadLetter(record, "not JSON" + "!" * 1000))
    assert (sent.key, sent.value) == (b"ann", b"{")
    headers = dict(sent.headers)
    assert headers.pop("reason").startswith(b"not JSON!")
    assert headers == {
        "direct": b"1",
        "source-topic": b"events",
        "source-partition": b"2",
        "source-offset": b"41",
    }
    assert len(dict(sent.headers)["reason"]) == 500
    assert dead_letter_topic("events") == "events.dead-letter"
