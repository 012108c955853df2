"""Values that a process keeps: who reads them anew, and who waits for that."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from nova import remembered
from nova.remembered import Remembered

FRESH_FOR = 10.0
LONG = 10.0  # seconds: longer than anything here takes


class Source:
    """Counts how often it was read. Held, a read takes until it is let go; broken, it fails."""

    def __init__(self) -> None:
        self.reads = 0
        self.lasts: list[int | None] = []
        self.error: Exception | None = None
        self.let_go, self.begun = threading.Event(), threading.Event()
        self.let_go.set()

    def __call__(self, last: int | None) -> int:
        self.reads += 1
        self.lasts.append(last)
        value = self.reads
        self.begun.set()
        assert self.let_go.wait(LONG)
        if self.error:
            raise self.error
        return value

    def hold(self) -> None:
        self.begun.clear()
        self.let_go.clear()


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.let_go.set()


@pytest.fixture
def value(source: Source) -> Remembered[int]:
    return Remembered(source, fresh_for=FRESH_FOR)


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let so much time pass that the value is old."""
    now = [1_000.0]
    monkeypatch.setattr(remembered, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def add() -> None:
        now[0] += FRESH_FOR

    return add


@pytest.fixture
def in_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the web."""
    monkeypatch.setattr(remembered, "in_background", True)


def wait_for(value: Remembered[int], expected: int) -> None:
    until = time.monotonic() + LONG
    while value.get() != expected:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_value_is_read_once_while_it_is_fresh(value: Remembered[int], source: Source) -> None:
    assert [value.get() for _ in range(3)] == [1, 1, 1]
    assert source.reads == 1


def test_a_value_that_is_old_is_read_anew_where_somebody_asks(
    value: Remembered[int], pass_time: Callable[[], None]
) -> None:
    assert value.get() == 1
    pass_time()
    assert [value.get() for _ in range(3)] == [2, 2, 2]


def test_a_read_is_told_the_last_value(value: Remembered[int], source: Source, pass_time: Callable[[], None]) -> None:
    value.get()
    pass_time()
    value.get()
    assert source.lasts == [None, 1]


def test_what_is_forgotten_is_read_as_for_the_first_time(value: Remembered[int], source: Source) -> None:
    value.get()
    value.forget()
    assert value.get() == 2
    assert source.lasts == [None, None]


def test_many_who_need_the_first_value_wait_for_one_read(value: Remembered[int], source: Source) -> None:
    source.hold()
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(value.get) for _ in range(4)]
        assert source.begun.wait(LONG)
        source.let_go.set()
        assert [each.result(LONG) for each in found] == [1] * 4
    assert source.reads == 1


def test_an_error_of_the_first_read_is_for_who_asked_and_the_next_one_tries_again(
    value: Remembered[int], source: Source
) -> None:
    source.error = OSError("away")
    with pytest.raises(OSError, match="away"):
        value.get()
    source.error = None
    assert value.get() == 2


def test_while_one_thread_reads_the_others_go_on_with_the_last_value(
    value: Remembered[int], source: Source, pass_time: Callable[[], None]
) -> None:
    value.get()
    pass_time()
    source.hold()
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(value.get)
        assert source.begun.wait(LONG)
        assert [value.get() for _ in range(3)] == [1, 1, 1]
        source.let_go.set()
        assert reading.result(LONG) == 2
    assert (value.get(), source.reads) == (2, 2)


def test_in_the_background_nobody_waits_for_a_read(
    value: Remembered[int], source: Source, pass_time: Callable[[], None], in_background: None
) -> None:
    assert value.get() == 1
    pass_time()
    source.hold()
    assert value.get() == 1
    assert source.begun.wait(LONG)
    source.let_go.set()
    wait_for(value, 2)


def test_in_the_background_one_thread_reads_at_a_time(
    value: Remembered[int], source: Source, pass_time: Callable[[], None], in_background: None
) -> None:
    value.get()
    pass_time()
    source.hold()
    before = threading.active_count()
    assert [value.get() for _ in range(20)] == [1] * 20
    assert threading.active_count() == before + 1
    source.let_go.set()
    wait_for(value, 2)
    assert source.reads == 2


def test_in_the_background_the_first_value_is_waited_for(value: Remembered[int], in_background: None) -> None:
    assert value.get() == 1


def test_a_value_that_was_forgotten_while_it_was_read_is_there_all_the_same(
    value: Remembered[int], source: Source, pass_time: Callable[[], None], in_background: None
) -> None:
    value.get()
    pass_time()
    source.hold()
    value.get()
    assert source.begun.wait(LONG)
    value.forget()
    source.let_go.set()
    assert value.get() in (2, 3)


def test_a_read_in_the_background_that_fails_leaves_the_last_value_and_is_tried_again(
    value: Remembered[int],
    source: Source,
    pass_time: Callable[[], None],
    in_background: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda error: failed.set())
    assert value.get() == 1
    pass_time()
    source.error = OSError("away")
    assert value.get() == 1
    assert failed.wait(LONG)
    source.error = None
    wait_for(value, source.reads + 1)


def test_a_read_that_fails_where_somebody_asks_leaves_the_last_value_for_the_next(
    value: Remembered[int], source: Source, pass_time: Callable[[], None]
) -> None:
    assert value.get() == 1
    pass_time()
    source.error = OSError("away")
    with pytest.raises(OSError, match="away"):
        value.get()
    source.error = None
    assert value.get() == 3
    assert source.lasts == [None, 1, 1]
