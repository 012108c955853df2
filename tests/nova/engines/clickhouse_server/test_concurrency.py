"""Many clients at once, from threads and from processes, and clients that go away."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clickhouse_driver import Client

from tests.nova.engines.clickhouse_server.server_process import (
    ServerProcess,
    connect,
    environment,
)

WRITER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from tests.nova.engines.clickhouse_server.server_process import connect
port, database, process = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])

def work(thread):
    with connect(port, database=database) as client:
        for batch in range(5):
            rows = [(process, thread, batch, row, "x" * row) for row in range(50)]
            client.execute("INSERT INTO w VALUES", rows)
            mine = {"p": process, "t": thread}
            query = "SELECT count() FROM w WHERE process = %(p)s AND thread = %(t)s"
            assert client.execute(query, mine) == [((batch + 1) * 50,)]
    return 250

with ThreadPoolExecutor(6) as pool:
    print(json.dumps(sum(pool.map(work, range(6)))))
"""


def test_clients_of_several_processes_write_and_read_at_once(server: ServerProcess, client: Client) -> None:
    client.execute(
        "CREATE TABLE w (process UInt8, thread UInt8, batch UInt8, row UInt32, text String) "
        "ENGINE = MergeTree ORDER BY (process, thread)"
    )
    database = client.connection.database
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(server.port), database, str(process)],
            stdout=subprocess.PIPE,
            env=environment(),
        )
        for process in range(3)
    ]
    outputs = [json.loads(writer.communicate(timeout=60)[0]) for writer in writers]
    assert outputs == [1500, 1500, 1500]
    assert client.execute("SELECT count(), uniqExact(process, thread, batch, row) FROM w") == [(4500, 4500)]


def test_a_long_query_does_not_hold_up_a_short_one(server: ServerProcess, client: Client) -> None:
    slow = connect(server.port)
    slow.execute_iter("SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number))")
    assert client.execute("SELECT 1") == [(1,)]
    slow.cancel()
    slow.disconnect()


def test_many_idle_connections_do_not_disturb(server: ServerProcess, client: Client) -> None:
    idle = [connect(server.port) for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: each.execute("SELECT 1"), idle))
    assert client.execute("SELECT 2") == [(2,)]
    assert all(each.execute("SELECT 3") == [(3,)] for each in idle)
    for each in idle:
        each.disconnect()


def test_a_client_gone_in_the_middle_of_its_insert_writes_nothing(server: ServerProcess, client: Client) -> None:
    client.execute("CREATE TABLE t (id UInt64, body String) ENGINE = MergeTree ORDER BY id")
    leaving = connect(server.port, database=client.connection.database)
    leaving.execute("SELECT 1")
    connection = leaving.connection
    connection.send_query("INSERT INTO t VALUES")
    connection.send_external_tables([])
    leaving.receive_sample_block()
    connection.socket.sendall(b"\x02\x00\x01\x00\x02\xff\xff\xff\xff\x00\x02\xe8\x07\x02id")  # a block's beginning
    leaving.disconnect()
    assert client.execute("SELECT count() FROM t") == [(0,)]
    client.execute("INSERT INTO t VALUES", [(1, "a")])
    assert client.execute("SELECT count() FROM t") == [(1,)]


def test_what_is_not_clickhouse_is_turned_away(server: ServerProcess, client: Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert stranger.recv(1) == b"\x02"  # an exception packet
    assert client.execute("SELECT 1") == [(1,)]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_an_idle_server_sleeps(start: Callable[..., ServerProcess]) -> None:
    process = start()
    with process.client() as client:
        client.execute("SELECT 1")
        before = cpu_seconds(process.process.pid)
        time.sleep(3)  # the measurement itself
        assert cpu_seconds(process.process.pid) - before < 0.15
