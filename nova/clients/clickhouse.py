"""The one place that talks to ClickHouse, over its native protocol."""

import struct
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from clickhouse_driver import Client, errors
from clickhouse_driver.util.helpers import parse_url
from django.conf import settings

from nova import metrics
from nova.clients.guard import Guard, RefusedError

INSERT_TIMEOUT = 60  # less than the two minutes that engagement/clickhouse/0003_hours.sql allows an insert
POOL_SIZE = 8
# What may work when it is tried again: the network, a server that is starting, too busy or out of memory.
RETRYABLE_CODES = {
    errors.ErrorCodes.NETWORK_ERROR,
    errors.ErrorCodes.SOCKET_TIMEOUT,
    errors.ErrorCodes.TIMEOUT_EXCEEDED,
    errors.ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES,
    errors.ErrorCodes.MEMORY_LIMIT_EXCEEDED,
    errors.ErrorCodes.TABLE_IS_READ_ONLY,
    errors.ErrorCodes.NOT_ENOUGH_SPACE,
    errors.ErrorCodes.TOO_MANY_PARTS,
    errors.ErrorCodes.KEEPER_EXCEPTION,
}
# What says of a server that it is away, or as good as away; the other errors come from one that works.
AWAY_CODES = {
    errors.ErrorCodes.NETWORK_ERROR,
    errors.ErrorCodes.SOCKET_TIMEOUT,
    errors.ErrorCodes.TIMEOUT_EXCEEDED,
    errors.ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES,
}
# What the server says when rows, and not the table or the server, are at fault.
BAD_ROWS_CODES = {
    errors.ErrorCodes.CANNOT_PARSE_TEXT,
    errors.ErrorCodes.INCORRECT_DATA,
    errors.ErrorCodes.TOO_LARGE_STRING_SIZE,
    469,  # VIOLATED_CONSTRAINT, which the driver has no name for
}
# What the driver raises for a value that it cannot write.
UNWRITABLE = (errors.TypeMismatchError, errors.CannotParseUuidError, struct.error, UnicodeError, OverflowError)
Rows = list[tuple[Any, ...]]


class ClickHouseError(Exception):
    """A call to ClickHouse failed; `retryable` says whether the same call may work later."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class BadRowsError(ClickHouseError):
    """Something in the rows themselves cannot be stored: without the bad ones the rest would be."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=False)


class AwayError(ClickHouseError):
    """ClickHouse did not answer, or not in time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class ClickHouseRefusedError(RefusedError, AwayError):
    """ClickHouse was not asked."""


class BusyError(ClickHouseError):
    """All connections of this process are in use, which says nothing of ClickHouse."""

    def __init__(self) -> None:
        super().__init__(f"all {POOL_SIZE} connections are in use", retryable=True)


def is_away(error: BaseException) -> bool | None:
    if isinstance(error, BusyError) or not isinstance(error, ClickHouseError):
        return None
    return isinstance(error, AwayError)


guard = Guard("clickhouse", ClickHouseRefusedError, is_away, errors=metrics.CLICKHOUSE_ERRORS)


class Pool:
    """At most POOL_SIZE connections of this process; one that failed is closed, not returned."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(POOL_SIZE)
        self._idle: deque[Client] = deque()

    @contextmanager
    def client(self, timeout: float) -> Iterator[Client]:
        """A connection for one call that may go `timeout` seconds without a word from the server.

        Raises ClickHouseRefusedError, and BusyError when all connections stay in use for that long.
        """
        with guard.call(), self._place(timeout), own_errors(), self._connection(timeout) as client:
            yield client

    @contextmanager
    def _place(self, timeout: float) -> Iterator[None]:
        if not self._places.acquire(timeout=timeout):
            raise BusyError
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def _connection(self, timeout: float) -> Iterator[Client]:
        client = self._take()
        client.connection.send_receive_timeout = timeout
        try:
            if client.connection.connected:
                client.connection.socket.settimeout(timeout)
            yield client
        except BaseException:
            client.disconnect()  # whatever happened, the next query deserves a connection in a known state
            raise
        self._idle.append(client)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().disconnect()

    def _take(self) -> Client:
        try:
            return self._idle.pop()
        except IndexError:
            return connect()


@contextmanager
def own_errors() -> Iterator[None]:
    """The driver's errors as ClickHouseError."""
    try:
        yield
    except errors.ServerException as error:
        if error.code in BAD_ROWS_CODES:
            raise BadRowsError(_summary(error)) from error
        if error.code in AWAY_CODES:
            raise AwayError(_summary(error)) from error
        raise ClickHouseError(_summary(error), retryable=error.code in RETRYABLE_CODES) from error
    except (errors.NetworkError, errors.SocketTimeoutError, OSError, EOFError) as error:
        raise AwayError(f"{type(error).__name__}: {error}") from error
    except errors.Error as error:
        raise ClickHouseError(f"{type(error).__name__}: {error}", retryable=True) from error


pool = Pool()


def connect(**overrides: Any) -> Client:
    """A client of its own. Nothing is sent before its first query."""
    host, options = parse_url(settings.CLICKHOUSE_URL)
    connect_timeout = settings.ENGINE_CONNECT_TIMEOUT_MS / 1000
    options |= {
        "database": settings.CLICKHOUSE_DATABASE,
        "connect_timeout": connect_timeout,
        "send_receive_timeout": default_timeout(),
        "sync_request_timeout": connect_timeout,  # of the ping that comes before a query
    }
    return Client(host, **(options | overrides))


def default_timeout() -> float:
    return settings.CLICKHOUSE_ANSWER_TIMEOUT_MS / 1000


def ping(timeout: float) -> None:
    """On a connection of its own, whatever the breaker thinks. Raises ClickHouseError."""
    patience = dict.fromkeys(("connect_timeout", "send_receive_timeout", "sync_request_timeout"), timeout)
    run_once("SELECT 1", **patience)


def select(sql: str, parameters: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> Rows:
    """All rows of a query. Raises ClickHouseError."""
    with pool.client(timeout or default_timeout()) as client:
        return client.execute(sql, parameters or {})


def stream(
    sql: str, parameters: Mapping[str, Any] | None = None, *, timeout: float | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query as they arrive, however many they are; they hold a connection until the last is taken.

    Raises ClickHouseError, with the first row or at any later one.
    """
    with pool.client(timeout or default_timeout()) as client:
        yield from client.execute_iter(sql, parameters or {})


def run(sql: str, parameters: Mapping[str, Any] | None = None, *, timeout: float | None = None) -> None:
    """Run a statement for its effect. Raises ClickHouseError."""
    with pool.client(timeout or default_timeout()) as client:
        client.execute(sql, parameters or {})


def run_once(sql: str, **overrides: Any) -> None:
    """The same on a connection of its own, which may differ from the pool's. Raises ClickHouseError."""
    client = connect(**overrides)
    try:
        with own_errors():
            client.execute(sql)
    finally:
        client.disconnect()


def insert(table: str, columns: Mapping[str, Sequence[Any]]) -> int:
    """Insert rows given by column; returns their number once ClickHouse has them.

    Raises BadRowsError when a value is none of its column's type, and ClickHouseError.
    """
    names = ", ".join(columns)
    with pool.client(INSERT_TIMEOUT) as client:
        try:
            return client.execute(f"INSERT INTO {table} ({names}) VALUES", list(columns.values()), columnar=True)
        except UNWRITABLE as error:
            raise BadRowsError(f"{type(error).__name__}: {str(error)[:300]}") from error


def _summary(error: errors.ServerException) -> str:
    """The first line of what the server says: below it comes a stack trace, and sometimes the rows."""
    return f"code {error.code}: {str(error.message).splitlines()[0][:300]}"
