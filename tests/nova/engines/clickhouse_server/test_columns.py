"""The end of a block is found whatever the network cuts it into."""

from collections.abc import Iterator

import pytest

from nova.engines.clickhouse_server.blocks import read_block
from nova.engines.clickhouse_server.columns import split_arguments
from nova.engines.clickhouse_server.errors import ServerError
from nova.engines.clickhouse_server.wire import Source, string, varint


def pieces(data: bytes, size: int) -> Source:
    parts: Iterator[bytes] = (data[start : start + size] for start in range(0, len(data), size))
    return Source(lambda: next(parts, b""))


def strings_block(values: list[str]) -> bytes:
    return varint(1) + varint(len(values)) + string("s") + string("String") + b"".join(map(string, values))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 100_000])
def test_strings_are_walked_over_in_pieces_of_any_size(size: int) -> None:
    block = strings_block(["", "a", "b" * 127, "c" * 128, "d" * 20_000, "e", ""])
    source = pieces(block + b"next", size)
    assert read_block(source).rows == 7
    assert source.position == len(block)


def test_a_block_that_ends_too_early_is_an_end_of_file() -> None:
    with pytest.raises(EOFError):
        read_block(pieces(strings_block(["a", "bc"])[:-1], 5))


def test_a_type_of_unknown_length_is_refused() -> None:
    block = varint(1) + varint(1) + string("v") + string("Variant(UInt8)")
    with pytest.raises(ServerError) as refusal:
        read_block(pieces(block, 100))
    assert refusal.value.code == 48


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("UInt8, String", ["UInt8", "String"]),
        ("a Array(Tuple(x UInt8, y UInt8)), b String", ["a Array(Tuple(x UInt8, y UInt8))", "b String"]),
        ("Enum8('a, b' = 1, 'c)\\'' = 2), Date", ["Enum8('a, b' = 1, 'c)\\'' = 2)", "Date"]),
        ("`odd, name` UInt8, Date", ["`odd, name` UInt8", "Date"]),
    ],
)
def test_arguments_are_split_outside_parentheses_and_quotes(text: str, parts: list[str]) -> None:
    assert split_arguments(text) == parts
