"""All ways in which the driver sends rows."""

import numpy as np
import pytest
from clickhouse_driver import Client, errors

from tests.nova.engines.clickhouse_server.server_process import ServerProcess, connect, wait_until

VIOLATED_CONSTRAINT = 469


@pytest.fixture
def table(client: Client) -> str:
    columns = "id UInt64, name String DEFAULT 'none', tags Array(String)"
    client.execute(f"CREATE TABLE t ({columns}) ENGINE = MergeTree ORDER BY id")
    return "t"


def test_tuples_are_inserted(client: Client, table: str) -> None:
    assert client.execute("INSERT INTO t VALUES", [(1, "a", ["x"]), (2, "b", [])]) == 2
    assert client.execute("SELECT * FROM t ORDER BY id") == [(1, "a", ["x"]), (2, "b", [])]


def test_dicts_are_inserted_by_name(client: Client, table: str) -> None:
    client.execute("INSERT INTO t (tags, id) VALUES", [{"id": 1, "tags": ["x"]}])
    assert client.execute("SELECT * FROM t") == [(1, "none", ["x"])]


def test_columns_are_inserted(client: Client, table: str) -> None:
    client.execute("INSERT INTO t (id, name) VALUES", [[1, 2], ["a", "b"]], columnar=True)
    assert client.execute("SELECT id, name FROM t ORDER BY id", columnar=True) == [(1, 2), ("a", "b")]


def test_numpy_columns_are_inserted(client: Client) -> None:
    client.execute(
        "CREATE TABLE n (id UInt64, score Float32, name String, kind LowCardinality(String)) ENGINE = Memory"
    )
    columns = [
        np.arange(1000, dtype=np.uint64),
        np.linspace(0, 1, 1000, dtype=np.float32),
        np.array([f"name {i}" for i in range(1000)], dtype=object),
        np.array(["a", "b"] * 500, dtype=object),
    ]
    client.execute("INSERT INTO n VALUES", columns, columnar=True, settings={"use_numpy": True})
    answer = client.execute("SELECT sum(id), max(score), uniq(name), countIf(kind = 'a') FROM n")
    assert answer == [(499_500, 1.0, 1000, 500)]


def test_results_arrive_as_numpy_columns(server: ServerProcess) -> None:
    with connect(server.port, settings={"use_numpy": True}) as client:
        (numbers,) = client.execute("SELECT number FROM numbers(100000)", columnar=True)
    assert numbers.dtype == np.uint64
    assert numbers.sum() == 4_999_950_000


def test_an_insert_of_many_blocks_arrives_whole(client: Client, table: str) -> None:
    rows = ((i, f"name {i}", ["x"] * (i % 3)) for i in range(10_000))
    client.execute("INSERT INTO t VALUES", rows, settings={"insert_block_size": 77})
    assert client.execute("SELECT count(), sum(id), sum(length(tags)) FROM t") == [(10_000, 49_995_000, 9_999)]


def test_an_insert_larger_than_one_flush_arrives_whole(client: Client) -> None:
    client.execute("CREATE TABLE big (id UInt32, body String) ENGINE = Memory")
    body = "b" * 100_000
    rows = ((i, body) for i in range(1_000))
    client.execute("INSERT INTO big VALUES", rows, settings={"insert_block_size": 100})
    assert client.execute("SELECT count(), sum(length(body)) FROM big") == [(1_000, 100_000_000)]


@pytest.mark.parametrize("columnar", [False, True])
def test_an_insert_without_rows_leaves_the_connection_usable(client: Client, table: str, columnar: bool) -> None:
    rows: list[list[object]] = [[], [], []] if columnar else []
    assert client.execute("INSERT INTO t VALUES", rows, columnar=columnar) == 0
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_insert_select_and_inline_values_need_no_data(client: Client, table: str) -> None:
    client.execute("INSERT INTO t (id) SELECT number FROM numbers(5)")
    client.execute("INSERT INTO t (id, name) VALUES (100, 'VALUES')")
    assert client.execute("SELECT count(), max(id) FROM t") == [(6, 100)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t (id, name) VALUES",
        'insert into t(`id`,"name") values ;',
        "/* note */ INSERT INTO TABLE t (id, name)\n-- why\nFORMAT Native",
        "INSERT INTO t (id, name) SETTINGS max_insert_block_size = 10, log_queries = 0 VALUES",
    ],
)
def test_an_insert_may_be_written_in_several_ways(client: Client, table: str, statement: str) -> None:
    client.execute(statement, [(1, "a")])
    assert client.execute("SELECT id, name FROM t") == [(1, "a")]


def test_columns_that_the_table_computes_are_not_asked_for(client: Client) -> None:
    client.execute(
        "CREATE TABLE c (id UInt8, twice UInt16 MATERIALIZED id * 2, shown UInt8 ALIAS id, "
        "raw UInt8 EPHEMERAL 0, kept UInt8 DEFAULT raw) ENGINE = Memory"
    )
    client.execute("INSERT INTO c VALUES", [(1, 2)])
    client.execute("INSERT INTO c (id, raw) VALUES", [(5, 9)])
    assert client.execute("SELECT id, twice, shown, kept FROM c ORDER BY id") == [(1, 2, 1, 2), (5, 10, 5, 9)]


def test_column_names_may_need_quoting(client: Client) -> None:
    client.execute("CREATE TABLE q (`a b` UInt8, `c``d` String) ENGINE = Memory")
    client.execute("INSERT INTO q (`c``d`, `a b`) VALUES".replace("``", "\\`"), [("x", 1)])
    assert client.execute("SELECT * FROM q") == [(1, "x")]


def test_a_failing_block_leaves_nothing_of_itself(client: Client) -> None:
    client.execute("CREATE TABLE k (id Int32, CONSTRAINT p CHECK id > 0) ENGINE = MergeTree ORDER BY id")
    with pytest.raises(errors.ServerException) as failure:
        client.execute("INSERT INTO k VALUES", [(1,), (2,), (-3,)])
    assert failure.value.code == VIOLATED_CONSTRAINT
    assert client.execute("SELECT count() FROM k") == [(0,)]


def test_a_failing_insert_of_many_blocks_is_read_to_its_end(client: Client) -> None:
    client.execute("CREATE TABLE k (id Int32, s String, CONSTRAINT p CHECK id > 0) ENGINE = Memory")
    rows = ((-1, "s" * 1_000_000) for _ in range(200))
    with pytest.raises(errors.ServerException) as failure:
        client.execute("INSERT INTO k VALUES", rows, settings={"insert_block_size": 10})
    assert failure.value.code == VIOLATED_CONSTRAINT
    assert client.execute("SELECT 1") == [(1,)]


def test_values_of_the_wrong_type_are_refused_by_the_driver_and_nothing_is_written(client: Client, table: str) -> None:
    with pytest.raises(errors.TypeMismatchError):
        client.execute("INSERT INTO t (id) VALUES", [("seven",)], types_check=True)
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_types_check_passes_good_rows(client: Client, table: str) -> None:
    client.execute("INSERT INTO t VALUES", [(1, "a", ["b"])], types_check=True)
    assert client.execute("SELECT count() FROM t") == [(1,)]


def test_an_insert_that_breaks_off_writes_nothing(server: ServerProcess, client: Client, table: str) -> None:
    def rows() -> object:
        yield (1, "a", [])
        raise KeyError("the source failed")

    with connect(server.port, database=client.connection.database) as other, pytest.raises(KeyError):
        other.execute("INSERT INTO t VALUES", rows(), settings={"insert_block_size": 1})
    wait_until(lambda: client.execute("SELECT count() FROM system.processes") == [(1,)])
    assert client.execute("SELECT count() FROM t") == [(0,)]


def test_a_repeated_deduplication_token_is_inserted_once(client: Client) -> None:
    client.execute(
        "CREATE TABLE d (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
    )
    for row in (1, 2):
        client.execute("INSERT INTO d VALUES", [(row,)], settings={"insert_deduplication_token": "batch 7"})
    assert client.execute("SELECT id FROM d") == [(1,)]
