"""Every common type keeps its values through INSERT and SELECT."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import pytest
from clickhouse_driver import Client

MOMENT = datetime(2026, 2, 28, 23, 59, 58, tzinfo=UTC)

TYPES: list[tuple[str, list[Any]]] = [
    ("Int8", [-128, 127]),
    ("Int16", [-32768, 32767]),
    ("Int32", [-(2**31), 2**31 - 1]),
    ("Int64", [-(2**63), 2**63 - 1]),
    ("Int128", [-(2**127), 2**127 - 1]),
    ("Int256", [-(2**255), 2**255 - 1]),
    ("UInt8", [0, 255]),
    ("UInt16", [0, 65535]),
    ("UInt32", [0, 2**32 - 1]),
    ("UInt64", [0, 2**64 - 1]),
    ("UInt128", [0, 2**128 - 1]),
    ("UInt256", [0, 2**256 - 1]),
    ("Float32", [-0.5, 1.5, math.inf]),
    ("Float64", [0.1, -1e300]),
    ("Bool", [True, False]),
    ("String", ["", "naïve 🎬", "tab\tquote'back\\slash\0", "x" * 300, "y" * 20_000]),
    ("FixedString(3)", ["abc", "é"]),
    ("UUID", [UUID(int=0), UUID("12345678-1234-5678-9abc-def012345678")]),
    ("IPv4", [IPv4Address("0.0.0.0"), IPv4Address("192.168.1.255")]),
    ("IPv6", [IPv6Address("::1"), IPv6Address("2001:db8::ff00:42:8329")]),
    ("Date", [date(1970, 1, 1), date(2149, 6, 6)]),
    ("Date32", [date(1900, 1, 1), date(2299, 12, 31)]),
    ("DateTime('UTC')", [MOMENT]),
    ("Nullable(DateTime('UTC'))", [MOMENT, None]),
    ("Array(DateTime('UTC'))", [[MOMENT], []]),
    ("DateTime64(3, 'UTC')", [MOMENT.replace(microsecond=123_000)]),
    ("DateTime64(6, 'UTC')", [MOMENT.replace(microsecond=123_456)]),
    ("Decimal(9, 2)", [Decimal("-1234567.89")]),
    ("Decimal(18, 4)", [Decimal("12345678901234.5678")]),
    ("Decimal(38, 10)", [Decimal("1234567890123456789012345678.0123456789")]),
    ("Enum8('a, (b)' = -2, 'like' = 1)", ["like", "a, (b)"]),
    ("Enum16('x' = 1000)", ["x"]),
    ("Nullable(Int32)", [None, 5]),
    ("Nullable(String)", [None, "", "text"]),
    ("LowCardinality(String)", ["a", "b", "a"]),
    ("LowCardinality(Nullable(String))", [None, "a", None, ""]),
    ("LowCardinality(FixedString(2))", ["ab", "cd"]),
    ("Array(String)", [[], ["a", "bb"], ["c" * 200]]),
    ("Array(Nullable(UInt8))", [[1, None], []]),
    ("Array(LowCardinality(String))", [["a", "b", "a"], []]),
    ("Array(Array(UInt16))", [[[1, 2], []], []]),
    ("Array(Tuple(String, Float32))", [[("a", 0.5)], []]),
    ("Tuple(UInt8, String)", [(1, "a")]),
    ("Tuple(id UInt64, names Array(String))", [(1, ["a"])]),
    ("Tuple(LowCardinality(String), LowCardinality(String))", [("a", "b")]),
    ("Map(String, UInt64)", [{"a": 1, "b": 2}, {}]),
    ("Map(LowCardinality(String), Array(String))", [{"a": ["x", "y"]}]),
    ("SimpleAggregateFunction(sum, UInt64)", [7]),
]


@pytest.mark.parametrize(("type_name", "values"), TYPES, ids=[name for name, _ in TYPES])
def test_values_come_back_as_they_were_sent(client: Client, type_name: str, values: list[Any]) -> None:
    client.execute(f"CREATE TABLE t (row UInt32, value {type_name}) ENGINE = Memory")
    client.execute("INSERT INTO t VALUES", list(enumerate(values)))
    assert client.execute("SELECT value FROM t ORDER BY row", settings={"namedtuple_as_json": False}) == [
        (value,) for value in values
    ]


@pytest.mark.parametrize("type_name", [name for name, _ in TYPES])
def test_the_header_of_an_empty_result_names_the_type_as_declared(client: Client, type_name: str) -> None:
    client.execute(f"CREATE TABLE t (value {type_name}) ENGINE = Memory")
    _, columns = client.execute("SELECT value FROM t", with_column_types=True)
    assert columns == [("value", type_name)]


def test_the_time_zone_of_a_datetime_is_named_in_every_block(client: Client) -> None:
    query = "SELECT toString(number) AS s, toDateTime(number, 'UTC') AS at, number FROM numbers(200000)"
    rows, columns = client.execute(query, with_column_types=True)
    assert columns == [("s", "String"), ("at", "DateTime('UTC')"), ("number", "UInt64")]
    assert rows[-1] == ("199999", datetime.fromtimestamp(199_999, tz=UTC), 199_999)
    assert len(rows) == 200_000


def test_two_columns_of_one_name_keep_their_time_zone(client: Client) -> None:
    moments, columns = client.execute("SELECT at, at FROM (SELECT toDateTime(0, 'UTC') AS at)", with_column_types=True)
    assert columns == [("at", "DateTime('UTC')"), ("at", "DateTime('UTC')")]
    assert moments == [(datetime.fromtimestamp(0, tz=UTC),) * 2]


def test_a_string_need_not_be_utf8(client: Client) -> None:
    settings = {"strings_as_bytes": True}
    client.execute("CREATE TABLE t (value String) ENGINE = Memory")
    client.execute("INSERT INTO t VALUES", [(b"\xff\x00\xfe",)], settings=settings)
    assert client.execute("SELECT value FROM t", settings=settings) == [(b"\xff\x00\xfe",)]


def test_a_string_of_many_megabytes_passes(client: Client) -> None:
    client.execute("CREATE TABLE t (value String) ENGINE = Memory")
    client.execute("INSERT INTO t VALUES", [("z" * 20_000_000,)])
    ((value,),) = client.execute("SELECT value FROM t")
    assert value == "z" * 20_000_000
