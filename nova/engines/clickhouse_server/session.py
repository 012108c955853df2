"""One client's session on the engine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count

from nova.engines.clickhouse_server import inserts, results
from nova.engines.clickhouse_server.blocks import ColumnHeader
from nova.engines.clickhouse_server.engine import Engine, identifier
from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.protocol import Setting
from nova.engines.clickhouse_server.results import Result
from nova.engines.clickhouse_server.settings import QuerySettings
from nova.engines.clickhouse_server.statements import ClientInsert, first_word, is_streamed

KILL_INTERVAL_SECONDS = 0.02
_numbers = count(1)


class RunningQuery:
    """A query between its start and its end, which another thread may cancel."""

    def __init__(self, engine: Engine, tag: str) -> None:
        self._engine = engine
        self._tag = tag
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self.cancelled = False

    def finish(self) -> None:
        with self._lock:
            self._finished.set()

    def cancel(self) -> None:
        """Stop the query and return when it has stopped.

        Under the lock, so that a kill never hits the session's next query; repeatedly, because the engine
        does not find a statement that has only just begun.
        """
        self.cancelled = True
        while not self._finished.wait(KILL_INTERVAL_SECONDS):
            with self._lock:
                if not self._finished.is_set():
                    with suppress(ServerError):  # out of memory, say: the next attempt may do
                        self._engine.kill(self._tag)


class Session:
    """A connection of its own to the engine, so a database selected or a setting made stays within it."""

    def __init__(self, engine: Engine, database: str) -> None:
        self._engine = engine
        self._connection = engine.connect()
        self._tag = f"nova-session-{next(_numbers)}"
        self._settings = QuerySettings(self._connection, engine.setting_names, self._tag)
        self.running: RunningQuery | None = None
        if database:
            self._use(database)

    def _use(self, database: str) -> None:
        try:
            self._connection.query(f"USE {identifier(database)}")
        except ServerError:
            self.close()  # nobody else will: there is no session yet
            raise

    @contextmanager
    def query(self, settings: dict[str, Setting]) -> Iterator[RunningQuery]:
        """The span in which a query with these settings runs and can be cancelled."""
        running = self.running = RunningQuery(self._engine, self._tag)
        try:
            self._settings.apply(settings)
            yield running
        finally:
            self._connection.end_stream()
            self.running = None
            running.finish()

    def execute(self, text: str) -> Result:
        statements, only_reads = self._connection.classify(text)
        if statements > 1:
            raise ServerError(Code.SYNTAX_ERROR, "Syntax error: multi-statements are not allowed.")
        if only_reads and is_streamed(text):
            return results.select(self._connection, text)
        result = results.run(self._connection, text)
        if first_word(text) == "SET":
            self._settings.remember_set(text)
        return result

    def insert_header(self, insert: ClientInsert) -> list[ColumnHeader]:
        return inserts.header(self._connection, insert)

    def block_file(self, insert: ClientInsert) -> inserts.BlockFile:
        return inserts.BlockFile(self._connection, insert)

    def close(self) -> None:
        self._connection.close()
