"""Results, settings, sessions, streaming and cancellation."""

import threading
from pathlib import Path

import pytest
from clickhouse_driver import Client, errors

from tests.nova.engines.clickhouse_server.server_process import ServerProcess, connect, wait_until

ENDLESS = "SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number))"


def test_ping_is_answered(client: Client) -> None:
    client.execute("SELECT 1")
    assert client.connection.ping() is True


def test_the_server_presents_itself_as_clickhouse(client: Client) -> None:
    client.execute("SELECT 1")
    info = client.connection.server_info
    assert (info.name, info.timezone) == ("ClickHouse", "UTC")
    assert client.execute("SELECT version()")[0][0].startswith(f"{info.version_major}.{info.version_minor}.")


def test_parameters_are_substituted(client: Client) -> None:
    query = "SELECT %(text)s, %(number)s, %(many)s"
    parameters = {"text": "it's \\ 100%", "number": 5, "many": [1, 2]}
    assert client.execute(query, parameters) == [("it's \\ 100%", 5, [1, 2])]


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (
            "SELECT number AS n, toString(n) AS s FROM numbers(3) WHERE n > 5",
            [("n", "UInt64"), ("s", "String")],
        ),
        ("SELECT now('UTC') AS at WHERE 0", [("at", "DateTime('UTC')")]),
        ("WITH 1 AS x SELECT x WHERE 0;", [("x", "UInt8")]),
        ("SELECT 1 AS a, 2 AS b WHERE 0 -- note", [("a", "UInt8"), ("b", "UInt8")]),
        ("(SELECT 1 AS a WHERE 0) UNION ALL (SELECT 2 WHERE 0)", [("a", "UInt8")]),
        ("SHOW TABLES", [("name", "String")]),
    ],
)
def test_an_empty_result_has_its_header(client: Client, query: str, columns: list[tuple[str, str]]) -> None:
    assert client.execute(query, with_column_types=True) == ([], columns)


@pytest.mark.parametrize("statement", ["SHOW DATABASES", "DESCRIBE TABLE system.one", "EXPLAIN SELECT 1"])
def test_statements_that_are_not_select_answer_too(client: Client, statement: str) -> None:
    assert client.execute(statement)


def test_a_result_may_be_columnar(client: Client) -> None:
    assert client.execute("SELECT number, -number FROM numbers(3)", columnar=True) == [(0, 1, 2), (0, -1, -2)]


def test_a_format_clause_is_left_to_the_client(client: Client) -> None:
    assert client.execute("SELECT 1 AS x FORMAT JSON") == [(1,)]


def test_settings_hold_for_one_query_only(client: Client) -> None:
    query = "SELECT getSetting('max_block_size'), getSetting('max_threads')"
    before = client.execute(query)
    assert client.execute(query, settings={"max_block_size": 1234, "max_threads": 1}) == [(1234, 1)]
    assert client.execute(query, settings={"max_threads": 1})[0][0] == before[0][0]
    assert client.execute(query) == before


def test_a_failing_query_does_not_leave_its_settings_behind(client: Client) -> None:
    before = client.execute("SELECT getSetting('max_block_size')")
    for value in (77, "many"):
        with pytest.raises(errors.ServerException):
            client.execute("SELECT nothing", settings={"max_block_size": value})
    assert client.execute("SELECT getSetting('max_block_size')") == before


def test_what_a_client_sets_by_set_outlasts_a_query_with_another_value(client: Client) -> None:
    client.execute("SET max_block_size = 4321")
    client.execute("SELECT 1", settings={"max_block_size": 10})
    assert client.execute("SELECT getSetting('max_block_size')") == [(4321,)]


def test_what_a_client_sets_by_set_stays_in_its_connection(server: ServerProcess, client: Client) -> None:
    client.execute("SET max_block_size = 4321")
    with connect(server.port) as other:
        assert other.execute("SELECT getSetting('max_block_size')") != [(4321,)]


def test_a_query_uses_two_threads_unless_told_otherwise(client: Client) -> None:
    assert client.execute("SELECT getSetting('max_threads')") == [(2,)]


def test_an_unknown_setting_is_passed_over_unless_it_is_important(server: ServerProcess, client: Client) -> None:
    assert client.execute("SELECT 1", settings={"not_a_setting": 1}) == [(1,)]
    with connect(server.port, settings_is_important=True) as strict:
        with pytest.raises(errors.ServerException) as failure:
            strict.execute("SELECT 1", settings={"not_a_setting": 1})
        assert failure.value.code == errors.ErrorCodes.UNKNOWN_SETTING


def test_use_selects_another_database(client: Client, database: str) -> None:
    assert client.execute("SELECT currentDatabase()") == [(database,)]
    client.execute("USE nova")
    assert client.execute("SELECT currentDatabase()") == [("nova",)]


def test_a_temporary_table_lives_in_its_connection(server: ServerProcess, client: Client) -> None:
    client.execute("CREATE TEMPORARY TABLE mine (a UInt8)")
    client.execute("INSERT INTO mine VALUES", [(1,)])
    assert client.execute("SELECT a FROM mine") == [(1,)]
    with connect(server.port) as other, pytest.raises(errors.ServerException):
        other.execute("SELECT a FROM mine")


def test_a_query_may_have_an_id(client: Client) -> None:
    assert client.execute("SELECT 1", query_id="nova-query-1") == [(1,)]


def test_progress_tells_the_rows_of_the_result(client: Client) -> None:
    client.execute("SELECT number FROM numbers(1000)")
    assert client.last_query.progress.rows == 1000
    assert client.last_query.profile_info.rows == 1000


def resident_bytes(server: ServerProcess) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    anonymous = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(anonymous.split()[1]) * 1024


def test_a_large_result_is_streamed_and_not_collected(server: ServerProcess, client: Client) -> None:
    before = resident_bytes(server)
    seen = 0
    # 10,000,000 rows of 64 bytes are 640 MB.
    for number, _ in client.execute_iter("SELECT number, repeat('x', 64) FROM numbers(10000000)"):
        seen += 1
        if number in (3_000_000, 9_999_999):
            assert resident_bytes(server) - before < 200_000_000
        if number == 3_000_000:
            break
    assert seen == 3_000_001


def test_a_stream_that_is_left_halfway_is_given_up(server: ServerProcess, client: Client) -> None:
    with connect(server.port) as other:
        stream = other.execute_iter("SELECT * FROM system.numbers")
        assert next(stream) == (0,)
    wait_until(lambda: client.execute("SELECT count() FROM system.processes") == [(1,)])


def test_a_query_is_cancelled_before_its_first_row(client: Client) -> None:
    client.execute_iter(ENDLESS)
    assert client.cancel() == []
    assert client.execute("SELECT 1") == [(1,)]


def test_a_running_query_is_cancelled(server: ServerProcess, client: Client) -> None:
    client.execute_iter(ENDLESS)
    with connect(server.port) as other:
        running = "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number)%'"
        wait_until(lambda: other.execute(running + " AND query NOT LIKE '%processes%'") == [(1,)])
    client.cancel()
    assert client.execute("SELECT 1") == [(1,)]


def test_a_result_being_streamed_is_cancelled(client: Client) -> None:
    stream = client.execute_iter("SELECT number FROM system.numbers")
    assert next(stream) == (0,)
    client.cancel()
    assert client.execute("SELECT 1") == [(1,)]


def test_cancelling_spares_the_next_query(client: Client) -> None:
    for _ in range(20):
        client.execute_iter("SELECT sum(number) FROM numbers(1000000)")
        client.cancel()
        assert client.execute("SELECT sum(number) FROM numbers(3000000)") == [(4_499_998_500_000,)]


def test_a_query_ends_with_its_client(server: ServerProcess, client: Client) -> None:
    other = connect(server.port)
    other.execute_iter(ENDLESS)
    count = "SELECT count() FROM system.processes"
    wait_until(lambda: client.execute(count) == [(2,)])
    other.disconnect()
    wait_until(lambda: client.execute(count) == [(1,)])


def test_a_query_may_be_killed_by_another_client(server: ServerProcess, client: Client) -> None:
    failures: list[errors.ServerException] = []

    def run() -> None:
        with connect(server.port) as other:
            try:
                other.execute(ENDLESS)
            except errors.ServerException as failure:
                failures.append(failure)

    thread = threading.Thread(target=run)
    thread.start()
    kill = "KILL QUERY WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%KILL%' SYNC"
    wait_until(lambda: client.execute(kill))
    thread.join()
    assert [failure.code for failure in failures] == [errors.ErrorCodes.QUERY_WAS_CANCELLED]
