"""Inserts: the header a client needs to encode its rows, and the blocks it sends."""

import os
from types import TracebackType

from nova.engines.clickhouse_server.blocks import ColumnHeader
from nova.engines.clickhouse_server.columns import column
from nova.engines.clickhouse_server.engine import EngineConnection
from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.results import describe_table
from nova.engines.clickhouse_server.statements import ClientInsert

# Blocks are collected up to this size and become one INSERT; an insert takes that much memory, and one block.
FLUSH_BYTES = 64 * 1024 * 1024
_NOT_INSERTED_BY_DEFAULT = frozenset({"MATERIALIZED", "ALIAS", "EPHEMERAL"})


def header(connection: EngineConnection, insert: ClientInsert) -> list[ColumnHeader]:
    """The columns that the client is to send, in its order."""
    described = describe_table(connection, insert.table)
    if insert.columns is None:
        columns = [found for found, kind in described if kind not in _NOT_INSERTED_BY_DEFAULT]
    else:
        by_name = {found.name: found for found, _ in described}
        columns = [_named(by_name, name, insert.table) for name in insert.columns]
    for found in columns:
        column(found.type)  # refuse now what could not be read later
    return columns


def _named(by_name: dict[str, ColumnHeader], name: str, table: str) -> ColumnHeader:
    if name not in by_name:
        raise ServerError(Code.NO_SUCH_COLUMN_IN_TABLE, f"No such column {name} in table {table}.")
    return by_name[name]


class BlockFile:
    """Blocks in an anonymous file in memory, from which the engine reads them.

    The engine's own streaming insert swallows errors of the pipeline; INFILE reports them.
    """

    def __init__(self, connection: EngineConnection, insert: ClientInsert) -> None:
        self._connection = connection
        self._insert = insert
        self._descriptor = os.memfd_create("nova-insert")
        self._size = 0

    def __enter__(self) -> "BlockFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def append(self, block: memoryview) -> None:
        written = 0
        while written < len(block):
            written += os.write(self._descriptor, block[written:])
        self._size += written
        if self._size >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Insert what has been collected, in one INSERT that succeeds or fails as a whole."""
        if self._size:
            self._connection.query(self._insert.from_file(f"/proc/self/fd/{self._descriptor}"))
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._size = 0
