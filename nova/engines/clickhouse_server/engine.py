"""The chdb engine: one per process, shared by every session."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from nova.engines.clickhouse_server import configuration
from nova.engines.clickhouse_server.errors import StartupError, from_engine
from nova.engines.clickhouse_server.wire import bytes_source

# The binding itself: the package's own wrapper adds data frames and progress bars. It has no complete stubs.
_chdb: Any = import_module("chdb._chdb")


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


class EngineConnection:
    """One chdb connection: its own current database and settings, one statement at a time."""

    def __init__(self, location: str) -> None:
        self._connection: Any = _chdb.connect(location)
        self._open_stream: Any = None

    def query(self, sql: str, output_format: str = "Native") -> bytes:
        """Run a statement to its end. Raises ServerError with the engine's code."""
        self.end_stream()
        with _engine_errors():
            return bytes(self._connection.query(_encoded(sql), output_format).bytes())

    def texts(self, sql: str, width: int) -> list[tuple[str, ...]]:
        """Run a statement whose `width` columns are all String, and return its rows."""
        source = bytes_source(self.query(sql, "RowBinary"))
        values = []
        while source.position < len(source.buffer):
            values.append(source.read_string())
        return [tuple(values[start : start + width]) for start in range(0, len(values), width)]

    def text(self, sql: str) -> str:
        """Run a statement with one String for its answer."""
        return self.texts(sql, 1)[0][0]

    def stream(self, sql: str) -> Iterator[tuple[bytes, int]]:
        """Yield each block of a SELECT with its number of rows, until another statement is run."""
        self.end_stream()
        with _engine_errors():
            stream = self._open_stream = self._connection.send_query(_encoded(sql), "Native", params={})
        while self._open_stream is stream:
            with _engine_errors():
                block = self._connection.streaming_fetch_result(stream)
            if not block.rows_read():
                self._open_stream = None
                return
            yield bytes(block.bytes()), block.rows_read()

    def end_stream(self) -> None:
        """Cancel a stream that was not read to its end; the engine would go on with it."""
        stream, self._open_stream = self._open_stream, None
        if stream is not None:
            with _engine_errors():
                self._connection.streaming_cancel_query(stream)

    def classify(self, sql: str) -> tuple[int, bool]:
        """The number of statements in the text, and whether they only read."""
        report = self._connection.classify_query(_encoded(sql))
        return int(report["statement_count"]), report["query_class"].name == "READ_ONLY"

    def close(self) -> None:
        self._connection.close()


def _encoded(sql: str) -> bytes:
    return sql.encode("utf-8", "surrogateescape")  # a client may put binary data in a string


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, UnicodeDecodeError) as error:
        raise from_engine(error) from None


class Engine:
    """Opens the data directory and keeps it open until `close`."""

    def __init__(self, directory: Path) -> None:
        # The engine would install handlers for SIGINT and SIGTERM over those of the server.
        _chdb.set_signal_handlers_enabled(0)
        config = directory / "config.xml"
        configuration.write_server_config(config)
        self._location = str(directory / "data")
        # The root connection: the engine shuts down when the last connection is closed.
        try:
            self._root = EngineConnection(f"{self._location}?config-file={config}")
        except RuntimeError as error:
            message = f"The engine cannot open {self._location}: end what else uses it. It says: {error}"
            raise StartupError(message) from None
        self._root_lock = threading.Lock()
        self.setting_names = frozenset(name for (name,) in self._root.texts("SELECT name FROM system.settings", 1))
        major, minor, patch, *_ = self._root.text("SELECT version()").split(".")
        self.version = int(major), int(minor), int(patch)
        self.timezone = self._root.text("SELECT timezone()")

    def create_database(self, name: str) -> None:
        with self._root_lock:
            self._root.query(f"CREATE DATABASE IF NOT EXISTS {identifier(name)}")

    def connect(self) -> EngineConnection:
        return EngineConnection(self._location)

    def kill(self, tag: str) -> None:
        """Stop what the session `tag` runs. Misses a statement that has only just begun."""
        with self._root_lock:
            self._root.query(f"KILL QUERY WHERE Settings['log_comment'] = {quoted(tag)} ASYNC")

    def close(self, timeout_seconds: float) -> bool:
        """Close, and tell whether that ended in time; a long merge must not keep the process alive."""
        closing = threading.Thread(target=self._root.close, daemon=True)
        closing.start()
        closing.join(timeout_seconds)
        return not closing.is_alive()
