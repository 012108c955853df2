"""Results with a complete header, which the engine alone does not give."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from nova.engines.clickhouse_server.blocks import ColumnHeader, read_block, split_blocks, with_types
from nova.engines.clickhouse_server.engine import EngineConnection
from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.statements import first_word, without_format
from nova.engines.clickhouse_server.wire import bytes_source

# A block in the Native format, and its number of rows.
Blocks = Iterator[tuple[bytes, int]]
_ANSWERING = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS"})
_DESCRIBE_WIDTH = 7


@dataclass(frozen=True)
class Result:
    """Header and blocks of a statement. `columns` is empty for a statement that answers nothing."""

    columns: list[ColumnHeader]
    blocks: Blocks


def run(connection: EngineConnection, text: str) -> Result:
    """Run a statement that does not stream."""
    blocks = list(split_blocks(connection.query(text)))
    if blocks:
        columns = blocks[0][1].columns
        return Result(columns, iter([(data, shape.rows) for data, shape in blocks]))
    return Result(_header_of_nothing(connection, text), iter(()))


def _header_of_nothing(connection: EngineConnection, text: str) -> list[ColumnHeader]:
    """The header of an empty answer to SHOW and its like, which are cheap enough to be asked twice."""
    if first_word(text) not in _ANSWERING:
        return []
    lines = connection.query(without_format(text), "TSVWithNamesAndTypes").decode().splitlines()
    return [ColumnHeader(*pair) for pair in zip(*(line.split("\t") for line in lines[:2]), strict=True)]


def select(connection: EngineConnection, text: str) -> Result:
    """Run a SELECT. Its blocks are produced as they are consumed."""
    text = without_format(text)
    blocks = connection.stream(text)
    first = next(blocks, None)
    if first is None:
        return Result(describe_select(connection, text), iter(()))
    columns = read_block(bytes_source(first[0])).columns
    if all(column.type != "DateTime" for column in columns):
        return Result(columns, chain([first], blocks))
    return _select_with_time_zones(connection, text, first, blocks)


def _select_with_time_zones(connection: EngineConnection, text: str, first: tuple[bytes, int], rest: Blocks) -> Result:
    """Name the time zone of DateTime columns, which the engine leaves out of a block.

    Asking for it ends the stream, so a result of several blocks is begun again.
    """
    has_more = next(rest, None) is not None
    columns = describe_select(connection, text)
    blocks = connection.stream(text) if has_more else iter([first])
    return Result(columns, ((with_types(data, columns), rows) for data, rows in blocks))


def describe_select(connection: EngineConnection, text: str) -> list[ColumnHeader]:
    """Names and types of a SELECT.

    As a view it is analysed and not run, while DESCRIBE of a subquery runs the scalar subqueries in it;
    but a view may not have two columns of one name.
    """
    try:
        described = connection.texts(f"DESCRIBE TABLE view({text}\n)", _DESCRIBE_WIDTH)
    except ServerError as error:
        if error.code != Code.ILLEGAL_COLUMN:
            raise
        described = connection.texts(f"DESCRIBE TABLE ({text}\n)", _DESCRIBE_WIDTH)
    return [ColumnHeader(name, type_name) for name, type_name, *_ in described]


def describe_table(connection: EngineConnection, table: str) -> list[tuple[ColumnHeader, str]]:
    """Columns of a table, each with its kind of default ('' for an ordinary one)."""
    described = connection.texts(f"DESCRIBE TABLE {table}", _DESCRIBE_WIDTH)
    return [(ColumnHeader(name, type_name), kind) for name, type_name, kind, *_ in described]
