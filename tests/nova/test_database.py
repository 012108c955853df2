"""PostgreSQL that hangs, goes and comes back; and what is no reason to leave it alone."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import (
    DataError,
    Error,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.db.utils import ConnectionHandler
from psycopg import errors
from pytest_django import DjangoDbBlocker, Settings

from nova import patience
from nova.clients.breaker import State
from nova.database.base import DatabaseRefusedError, DatabaseWrapper, guard, is_away
from nova.engines import postgres
from nova.settings.base import database
from reels.models import Creator
from tests.nova.private import PrivateEngine, running

ANSWER, POOL, PAUSE = 0.4, 0.5, 0.3
LATE = 0.35  # how late a busy machine may be: less than a second wait would take
MOST = POOL + ANSWER + LATE


@pytest.fixture
def own(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[PrivateEngine]:
    settings.DATABASE_ANSWER_TIMEOUT_MS = ANSWER * 1000
    monkeypatch.setattr(guard.breaker, "_pause", PAUSE)
    with running(lambda var: postgres.engine(var, durable=False), tmp_path) as private, django_db_blocker.unblock():
        yield private


@pytest.fixture(params=["pooled", "alone"])
def wrapper(request: pytest.FixtureRequest, own: PrivateEngine) -> Iterator[DatabaseWrapper]:
    """A connection to it, as the web has one and as commands with pgbouncer may."""
    given = database(own.variables["DATABASE_URL"])
    given["OPTIONS"]["pool"]["timeout"] = POOL
    given["OPTIONS"]["connect_timeout"] = 2
    if request.param == "alone":
        del given["OPTIONS"]["pool"]
    connections.settings["own"] = ConnectionHandler({"default": {}, "own": given}).settings["own"]
    made = connections["own"]
    assert isinstance(made, DatabaseWrapper)
    yield made
    own.go_on()
    made.close()
    made.close_pool()
    del connections["own"], connections.settings["own"]


def ask(wrapper: DatabaseWrapper, sql: str = "SELECT 1") -> object:
    """As a request does it: its connection goes back to the pool afterwards."""
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()
    finally:
        wrapper.close()


def seconds_to_fail(wrapper: DatabaseWrapper) -> float:
    started = time.perf_counter()
    with pytest.raises(OperationalError):
        ask(wrapper)
    return time.perf_counter() - started


def until_it_works(wrapper: DatabaseWrapper, patience: float) -> float:
    started = time.perf_counter()
    while True:
        try:
            ask(wrapper)
            return time.perf_counter() - started
        except OperationalError:
            assert time.perf_counter() - started < patience
            time.sleep(0.05)


@pytest.mark.parametrize("wrapper", ["pooled"], indirect=True)
def test_a_server_that_hangs_is_left_alone_and_found_again(own: PrivateEngine, wrapper: DatabaseWrapper) -> None:
    assert ask(wrapper) == (1,)
    own.hang()
    while guard.breaker.state is State.CLOSED:
        assert seconds_to_fail(wrapper) < MOST
    assert seconds_to_fail(wrapper) < 0.05
    own.go_on()
    time.sleep(PAUSE)
    until_it_works(wrapper, patience=5)
    assert guard.breaker.state is State.CLOSED


def test_a_statement_under_way_when_the_server_falls_silent_ends_in_time(
    own: PrivateEngine, wrapper: DatabaseWrapper
) -> None:
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")
        own.hang()
        started = time.perf_counter()
        with pytest.raises(OperationalError, match="no answer"):
            cursor.execute("SELECT 2")
        assert ANSWER <= time.perf_counter() - started < ANSWER + LATE
    own.go_on()
    wrapper.close()
    assert ask(wrapper) == (1,)


def test_a_transaction_on_a_silent_server_is_given_up_in_time(own: PrivateEngine, wrapper: DatabaseWrapper) -> None:
    """Its rollback waits no second time: the connection is closed already."""
    wrapper.ensure_connection()
    wrapper.set_autocommit(False)
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT 1")
        own.hang()
        started = time.perf_counter()
        with pytest.raises(OperationalError):
            cursor.execute("SELECT 2")
        with pytest.raises(Error):
            wrapper.rollback()
        assert time.perf_counter() - started < ANSWER + LATE


def test_a_commit_that_is_not_answered_is_waited_for_once(own: PrivateEngine, wrapper: DatabaseWrapper) -> None:
    wrapper.ensure_connection()
    wrapper.set_autocommit(False)
    patience.begin()
    try:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT 1")
        own.hang()
        started = time.perf_counter()
        with pytest.raises(OperationalError):
            wrapper.commit()
        wrapper.close()
        with pytest.raises(DatabaseRefusedError):
            ask(wrapper)
        assert time.perf_counter() - started < ANSWER + LATE
    finally:
        patience.end()


def test_within_a_request_it_is_waited_for_once(own: PrivateEngine, wrapper: DatabaseWrapper) -> None:
    wrapper.ensure_connection()
    own.hang()
    patience.begin()
    try:
        with wrapper.cursor() as cursor:
            with pytest.raises(OperationalError):
                cursor.execute("SELECT 1")
            with pytest.raises(DatabaseRefusedError):
                cursor.execute("SELECT 1")
        wrapper.close()
        assert seconds_to_fail(wrapper) < 0.05
    finally:
        patience.end()


@pytest.mark.parametrize("wrapper", ["pooled"], indirect=True)
def test_after_a_restart_no_request_fails_and_the_pool_is_as_it_was(
    own: PrivateEngine, wrapper: DatabaseWrapper
) -> None:
    assert ask(wrapper) == (1,)
    own.restart()
    until_it_works(wrapper, patience=5)
    assert guard.breaker.state is State.CLOSED


@pytest.mark.parametrize("wrapper", ["pooled"], indirect=True)
def test_after_twelve_seconds_without_a_server_it_is_found_at_once(
    own: PrivateEngine, wrapper: DatabaseWrapper
) -> None:
    """Long enough for the pool to give up its own attempts to connect."""
    assert ask(wrapper) == (1,)
    own.supervisor.stop()
    end = time.perf_counter() + 12
    while time.perf_counter() < end:
        seconds_to_fail(wrapper)
        time.sleep(0.1)
    own.supervisor.start([own.engine.process])
    assert until_it_works(wrapper, patience=10) < 5


def test_without_a_limit_a_slow_statement_is_waited_for(
    settings: Settings, own: PrivateEngine, wrapper: DatabaseWrapper
) -> None:
    settings.DATABASE_ANSWER_TIMEOUT_MS = 0
    assert ask(wrapper, f"SELECT 1 FROM pg_sleep({2 * ANSWER})") == (1,)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT nonsense", ProgrammingError),
        ("SELECT 1/0", DataError),
        ("INSERT INTO reels_creator (id) VALUES (NULL)", IntegrityError),
    ],
)
def test_what_is_wrong_with_a_statement_opens_nothing(sql: str, kind: type[Error]) -> None:
    for _ in range(30):
        with pytest.raises(kind), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert guard.breaker.state is State.CLOSED


@pytest.mark.django_db(transaction=True)
def test_waiting_in_vain_for_a_lock_opens_nothing() -> None:
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE reels_creator IN ACCESS EXCLUSIVE MODE")
            held.set()
            release.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        for _ in range(12):
            with pytest.raises(OperationalError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = 10")
                list(Creator.objects.all()[:1])
    finally:
        release.set()
        holder.join(10)
    assert guard.breaker.state is State.CLOSED


def wrapped(cause: Exception, kind: type[Error] = OperationalError) -> Error:
    error = kind("failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (wrapped(errors.OperationalError("the connection is lost")), True),
        (wrapped(errors.QueryCanceled("statement timeout")), True),
        (wrapped(errors.AdminShutdown("restarting")), True),
        (wrapped(errors.CannotConnectNow("starting up")), True),
        (wrapped(errors.TooManyConnections("no more")), True),
        (errors.OperationalError("the connection is lost"), True),
        (wrapped(errors.DeadlockDetected("deadlock")), False),
        (wrapped(errors.SerializationFailure("again")), False),
        (wrapped(errors.LockNotAvailable("lock timeout")), False),
        (wrapped(errors.UniqueViolation("double"), IntegrityError), False),
        (ValueError("ours"), None),
        (KeyboardInterrupt(), None),
    ],
)
def test_only_what_says_away_or_too_slow_counts(error: BaseException, expected: bool | None) -> None:
    assert is_away(error) is expected
