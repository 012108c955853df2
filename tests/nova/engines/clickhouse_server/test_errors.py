"""Errors carry ClickHouse's own codes and leave the connection usable."""

import pytest
from clickhouse_driver import Client, errors
from clickhouse_driver.connection import Connection, Packet
from clickhouse_driver.protocol import ServerPacketTypes

from nova.engines.clickhouse_server.errors import LOST, Code
from tests.nova.engines.clickhouse_server.server_process import ServerProcess, connect

AUTHENTICATION_FAILED = 516

FAILURES = [
    (60, "SELECT * FROM missing"),
    (62, "SELEC 1"),
    (62, "SELECT 1 +"),
    (62, "SELECT 1; SELECT 2"),
    (47, "SELECT nothing FROM system.one"),
    (46, "SELECT notAFunction(1)"),
    (43, "SELECT plus('a', [1])"),
    (6, "SELECT toUInt8('abc')"),
    (395, "SELECT throwIf(number = 150000) FROM numbers(200000)"),
    (81, "USE missing"),
    (57, "CREATE TABLE system.one (a UInt8) ENGINE = Memory"),
    (241, "SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 20000000"),
    (159, "SELECT count() FROM system.numbers SETTINGS max_execution_time = 0.2"),
    (48, "SELECT sumState(1)"),
    (48, "SELECT 1::Variant(String, UInt8)"),
]


@pytest.mark.parametrize(("code", "query"), FAILURES)
def test_a_failing_query_has_its_code(client: Client, code: int, query: str) -> None:
    with pytest.raises(errors.ServerException) as failure:
        client.execute(query)
    assert failure.value.code == code


def last_packet(connection: Connection, query: str) -> Packet:
    """What ends the answer to a query, asked for below the client, which hangs up after any error."""
    connection.send_query(query)
    connection.send_external_tables([])
    packet = connection.receive_packet()
    while packet.type not in (ServerPacketTypes.END_OF_STREAM, ServerPacketTypes.EXCEPTION):
        packet = connection.receive_packet()
    return packet


@pytest.mark.parametrize("query", [query for _, query in FAILURES])
def test_the_connection_is_usable_after_an_error(client: Client, query: str) -> None:
    connection = client.connection
    connection.connect()
    assert last_packet(connection, query).type == ServerPacketTypes.EXCEPTION
    assert last_packet(connection, "SELECT 1").type == ServerPacketTypes.END_OF_STREAM


@pytest.mark.parametrize(
    ("code", "statement"),
    [
        (60, "INSERT INTO missing VALUES"),
        (16, "INSERT INTO t (nothing) VALUES"),
        (62, "INSERT INTO t (id VALUES"),
        (48, "INSERT INTO s VALUES"),
        (62, "INSERT INTO FUNCTION null('a UInt8') VALUES"),
        (44, "INSERT INTO t (doubled) VALUES"),
    ],
)
def test_a_refused_insert_has_its_code(client: Client, code: int, statement: str) -> None:
    client.execute("CREATE TABLE t (id UInt8, doubled UInt8 MATERIALIZED id * 2) ENGINE = Memory")
    client.execute("CREATE TABLE s (state AggregateFunction(sum, UInt8)) ENGINE = Memory")
    with pytest.raises(errors.ServerException) as failure:
        client.execute(statement, [(1,)])
    assert failure.value.code == code
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_an_error_that_quotes_binary_data_is_reported(client: Client) -> None:
    """With its code where chdb passes it on, which depends on how Python was built; never without a sentence."""
    with pytest.raises(errors.ServerException) as failure:
        client.execute("SELECT unhex('ff') AS x, toUInt8(x)")
    if LOST in str(failure.value):
        assert failure.value.code == Code.STD_EXCEPTION
    else:
        assert failure.value.code == 6
    assert client.execute("SELECT 1") == [(1,)]


def test_compression_is_refused_with_a_reason(server: ServerProcess) -> None:
    with connect(server.port) as client:
        client.execute("SELECT 1")
        client.connection.compression = 1  # what compression='lz4' sends, without the package it needs
        with pytest.raises(errors.ServerException) as failure:
            client.execute("SELECT 1")
    assert failure.value.code == errors.ErrorCodes.UNKNOWN_COMPRESSION_METHOD
    assert "compression=False" in failure.value.message


def test_external_tables_are_refused_with_a_reason(client: Client) -> None:
    table = {"name": "ext", "structure": [("x", "UInt8")], "data": [(1,)]}
    with pytest.raises(errors.ServerException) as failure:
        client.execute("SELECT * FROM ext", external_tables=[table])
    assert failure.value.code == errors.ErrorCodes.NOT_IMPLEMENTED


@pytest.mark.parametrize("user", ["nova", "default"])
def test_both_users_have_the_password(server: ServerProcess, user: str) -> None:
    with connect(server.port, user=user) as client:
        assert client.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize("options", [{"password": "wrong"}, {"password": ""}, {"user": "root"}])
def test_a_stranger_is_refused(server: ServerProcess, options: dict[str, str]) -> None:
    with connect(server.port, **options) as client:
        with pytest.raises(errors.ServerException) as failure:
            client.execute("SELECT 1")
        assert failure.value.code == AUTHENTICATION_FAILED


def test_an_unknown_database_is_refused_at_connecting(server: ServerProcess) -> None:
    with connect(server.port, database="missing") as client:
        with pytest.raises(errors.ServerException) as failure:
            client.execute("SELECT 1")
        assert failure.value.code == errors.ErrorCodes.UNKNOWN_DATABASE
