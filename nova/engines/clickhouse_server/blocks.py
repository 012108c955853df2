"""Blocks in the Native format: columns, rows, then the name, type and values of each column."""

from collections.abc import Iterator
from typing import NamedTuple

from nova.engines.clickhouse_server.columns import column
from nova.engines.clickhouse_server.wire import Source, bytes_source, string, varint


class ColumnHeader(NamedTuple):
    name: str
    type: str


class BlockShape(NamedTuple):
    columns: list[ColumnHeader]
    rows: int


def header_block(columns: list[ColumnHeader]) -> bytes:
    """A block without rows, from which a client learns names and types."""
    named = b"".join(string(name) + string(type_name) for name, type_name in columns)
    return varint(len(columns)) + varint(0) + named


def read_block(source: Source) -> BlockShape:
    """Move to the end of a block. Its bytes stay in the source, from the former position to the new one."""
    columns_count, rows = source.read_varint(), source.read_varint()
    columns = []
    for _ in range(columns_count):
        columns.append(ColumnHeader(source.read_string(), source.read_string()))
        if rows:
            _skip_values(source, columns[-1].type, rows)
    return BlockShape(columns, rows)


def split_blocks(data: bytes) -> Iterator[tuple[bytes, BlockShape]]:
    """Cut up what a query that does not stream returns: all its blocks in one string of bytes."""
    source = bytes_source(data)
    while (start := source.position) < len(data):
        shape = read_block(source)
        yield data[start : source.position], shape


def with_types(data: bytes, columns: list[ColumnHeader]) -> bytes:
    """The same block with the types named as in `columns`."""
    source = bytes_source(data)
    columns_count, rows = source.read_varint(), source.read_varint()
    parts = [data[: source.position]]
    for index in range(columns_count):
        name, short_type = source.read_string(), source.read_string()
        values_start = source.position
        _skip_values(source, short_type, rows)
        parts += string(name), string(columns[index].type), data[values_start : source.position]
    return b"".join(parts)


def _skip_values(source: Source, type_name: str, rows: int) -> None:
    kind = column(type_name)
    kind.skip_prefix(source)
    kind.skip_values(source, rows)
