"""How many bytes a column takes in the Native format.

The protocol does not say how long a block is; only walking over its columns does. Values are never
decoded: fixed-width columns are jumped over, and strings cost one step each.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.wire import Source

_WIDTHS = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "DateTime", "Date32", "IPv4", "Decimal32", "Time"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Decimal64", "Time64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6", "Decimal128"), 16),
    **dict.fromkeys(("Int256", "UInt256", "Decimal256"), 32),
}
_GEO = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiLineString": "Array(LineString)",
    "Polygon": "Array(Ring)",
    "MultiPolygon": "Array(Polygon)",
}
_TUPLE_ELEMENT_NAME = re.compile(r"^(?:[A-Za-z_]\w*|`(?:[^`\\]|\\.)*`)\s+(?=\S)")
_TOP_LEVEL_TOKENS = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]|[^'`(),]+")


class Column(Protocol):
    def skip_prefix(self, source: Source) -> None:
        """What a column writes once, before its values and those of its neighbours in a Tuple."""

    def skip_values(self, source: Source, rows: int) -> None: ...


@dataclass(frozen=True)
class Fixed:
    width: int

    def skip_prefix(self, source: Source) -> None:
        """Nothing is written."""

    def skip_values(self, source: Source, rows: int) -> None:
        source.skip(rows * self.width)


@dataclass(frozen=True)
class Strings:
    def skip_prefix(self, source: Source) -> None:
        """Nothing is written."""

    def skip_values(self, source: Source, rows: int) -> None:
        data, position, remaining = source.buffer, source.position, rows
        while remaining:
            try:
                for left in range(remaining - 1, -1, -1):
                    size = data[position]
                    if size > 0x7F:
                        size, position = _long_length(data, position)
                    position += size + 1
                    remaining = left
            except IndexError:  # the bytes so far end before this string: fetch, and take it up again
                source.fill_past(position)
        source.skip(position - source.position)


@dataclass(frozen=True)
class Nullable:
    inner: Column

    def skip_prefix(self, source: Source) -> None:
        self.inner.skip_prefix(source)

    def skip_values(self, source: Source, rows: int) -> None:
        source.skip(rows)
        self.inner.skip_values(source, rows)


@dataclass(frozen=True)
class Array:
    inner: Column

    def skip_prefix(self, source: Source) -> None:
        self.inner.skip_prefix(source)

    def skip_values(self, source: Source, rows: int) -> None:
        if rows:
            source.skip((rows - 1) * 8)
            self.inner.skip_values(source, source.read_uint64())  # the last offset counts the elements


@dataclass(frozen=True)
class Tuple:
    elements: Sequence[Column]

    def skip_prefix(self, source: Source) -> None:
        for element in self.elements:
            element.skip_prefix(source)

    def skip_values(self, source: Source, rows: int) -> None:
        for element in self.elements:
            element.skip_values(source, rows)


@dataclass(frozen=True)
class LowCardinality:
    keys: Column

    def skip_prefix(self, source: Source) -> None:
        source.skip(8)

    def skip_values(self, source: Source, rows: int) -> None:
        if rows:
            index_width = 1 << (source.read_uint64() & 0xF)
            self.keys.skip_values(source, source.read_uint64())
            source.skip(source.read_uint64() * index_width)


@lru_cache(maxsize=4096)
def column(type_name: str) -> Column:
    """Describe the wire form of a type. Raises NOT_IMPLEMENTED for one whose length is not known."""
    name, _, rest = type_name.partition("(")
    arguments = rest.removesuffix(")")
    if name in _GEO:
        return column(_GEO[name])
    if name in _WIDTHS:
        return Fixed(_WIDTHS[name])
    if name.startswith("Interval"):
        return Fixed(8)
    composite = _composite(name, arguments)
    if composite is None:
        raise ServerError(Code.NOT_IMPLEMENTED, f"This server does not transfer columns of type {type_name}.")
    return composite


def _composite(name: str, arguments: str) -> Column | None:
    match name:
        case "String":
            return Strings()
        case "FixedString":
            return Fixed(int(arguments))
        case "Decimal":
            return Fixed(_decimal_width(int(arguments.partition(",")[0])))
        case "Nullable":
            return Nullable(column(arguments))
        case "Array":
            return Array(column(arguments))
        case "Tuple":
            return _tuple(arguments)
        case "Nested" | "Map":
            return Array(_tuple(arguments))
        case "LowCardinality":
            return LowCardinality(column(_without_nullable(arguments)))
        case "SimpleAggregateFunction":
            return column(split_arguments(arguments)[-1])
    return None


def _tuple(arguments: str) -> Column:
    return Tuple([column(_TUPLE_ELEMENT_NAME.sub("", element)) for element in split_arguments(arguments)])


def _without_nullable(type_name: str) -> str:
    """A dictionary keeps NULL as its first key, so its keys carry no null map."""
    if type_name.startswith("Nullable("):
        return type_name.removeprefix("Nullable(").removesuffix(")")
    return type_name


def _decimal_width(precision: int) -> int:
    return next(width for limit, width in ((9, 4), (18, 8), (38, 16), (76, 32)) if precision <= limit)


def _long_length(data: bytearray, position: int) -> tuple[int, int]:
    """A string length of several bytes, and the position of the last of them."""
    value = shift = 0
    while (byte := data[position]) > 0x7F:
        value |= (byte & 0x7F) << shift
        shift += 7
        position += 1
    return value | byte << shift, position


def split_arguments(text: str) -> list[str]:
    """Split at commas that are outside parentheses and quotes."""
    parts, depth = [""], 0
    for token in _TOP_LEVEL_TOKENS.findall(text):
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += token
    return [part.strip() for part in parts]
