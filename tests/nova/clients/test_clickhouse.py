"""ClickHouse that hangs, goes and comes back; and what is no reason to leave it alone."""

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from nova import patience
from nova.clients import clickhouse
from nova.clients.breaker import State
from nova.clients.clickhouse import (
    POOL_SIZE,
    AwayError,
    BadRowsError,
    BusyError,
    ClickHouseError,
    ClickHouseRefusedError,
    guard,
)
from nova.engines import clickhouse as engine
from tests.nova.private import PrivateEngine, running, silent_server

CONNECT, ANSWER, PAUSE = 0.2, 0.4, 0.3
LATE = 0.35  # how late a busy machine may be: less than a second wait would take


@pytest.fixture
def own_pool(settings: Settings, clickhouse_schema_ready: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.ENGINE_CONNECT_TIMEOUT_MS, settings.CLICKHOUSE_ANSWER_TIMEOUT_MS = CONNECT * 1000, ANSWER * 1000
    monkeypatch.setattr(clickhouse, "pool", clickhouse.Pool())
    monkeypatch.setattr(guard.breaker, "_pause", PAUSE)
    yield
    clickhouse.pool.close()


@pytest.fixture
def own(settings: Settings, own_pool: None, tmp_path: Path) -> Iterator[PrivateEngine]:
    with running(engine.engine, tmp_path) as private:
        settings.CLICKHOUSE_URL, settings.CLICKHOUSE_DATABASE = private.variables["CLICKHOUSE_URL"], "nova"
        yield private


@pytest.fixture
def silent(settings: Settings, own_pool: None) -> Iterator[None]:
    with silent_server() as port:
        settings.CLICKHOUSE_URL = f"clickhouse://nova:secret@127.0.0.1:{port}/nova"
        yield


def seconds_to_fail(kind: type[ClickHouseError] = AwayError) -> float:
    started = time.perf_counter()
    with pytest.raises(kind) as raised:
        clickhouse.select("SELECT 1")
    assert raised.value.retryable
    return time.perf_counter() - started


def test_a_server_that_never_answers_costs_one_timeout(silent: None) -> None:
    assert ANSWER <= seconds_to_fail() < ANSWER + LATE


def test_within_a_request_it_costs_that_once(silent: None) -> None:
    patience.begin()
    try:
        seconds_to_fail()
        assert seconds_to_fail(ClickHouseRefusedError) < 0.05
    finally:
        patience.end()


def test_a_server_that_hangs_is_left_alone_and_found_again(own: PrivateEngine) -> None:
    assert clickhouse.select("SELECT 1") == [(1,)]
    own.hang()
    assert seconds_to_fail() < CONNECT + ANSWER + LATE  # the ping on the old connection, then a new one
    for _ in range(9):
        assert seconds_to_fail() < ANSWER + LATE
    assert guard.breaker.state is State.OPEN
    assert seconds_to_fail(ClickHouseRefusedError) < 0.05
    own.go_on()
    time.sleep(PAUSE)
    assert clickhouse.select("SELECT 1", timeout=5) == [(1,)]
    assert guard.breaker.state is State.CLOSED


def test_what_is_wrong_with_a_query_opens_nothing(own_pool: None) -> None:
    for sql in ["SELECT nonsense", "SELEC 1", "SELECT * FROM nowhere"] * 10:
        with pytest.raises(ClickHouseError) as raised:
            clickhouse.select(sql, timeout=10)
        assert not isinstance(raised.value, AwayError)
    assert guard.breaker.state is State.CLOSED


def test_rows_that_cannot_be_stored_open_nothing(clickhouse_schema_ready: None) -> None:
    for _ in range(30):
        with pytest.raises(BadRowsError):
            clickhouse.insert("user_watch_history_realtime", {"user_id": ["ann"], "video_id": ["no id"]})
    assert guard.breaker.state is State.CLOSED


def test_a_query_that_asks_for_more_time_gets_it(own_pool: None) -> None:
    assert clickhouse.select(f"SELECT sleep({2 * ANSWER})", timeout=5) == [(0,)]
    with pytest.raises(AwayError):
        clickhouse.select(f"SELECT sleep({2 * ANSWER})")


def test_there_are_never_more_connections_than_the_pool_holds(own_pool: None) -> None:
    """A ninth caller waits, and is told when its time is over."""
    taken, release = threading.Semaphore(0), threading.Event()

    def hold() -> None:
        with clickhouse.pool.client(5):
            taken.release()
            release.wait(10)

    threads = [threading.Thread(target=hold) for _ in range(POOL_SIZE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        taken.acquire(timeout=5)
    with pytest.raises(BusyError) as raised:
        clickhouse.select(f"SELECT '{uuid.uuid4()}'")
    assert raised.value.retryable
    release.set()
    for thread in threads:
        thread.join(5)
    assert clickhouse.select("SELECT 1", timeout=5) == [(1,)]
    assert guard.breaker.state is State.CLOSED
