"""Starting, refusing to start, stopping, and surviving a kill."""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from clickhouse_driver import errors

from tests.nova.engines.clickhouse_server.server_process import (
    ServerProcess,
    command,
    connect,
    environment,
    wait_until,
)

Start = Callable[..., ServerProcess]


def refusal(arguments: list[str], **variables: str) -> str:
    """The one sentence with which a server declines to start."""
    ended = subprocess.run(
        arguments, capture_output=True, text=True, timeout=30, env={**environment(), **variables}, check=False
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    return ended.stderr


def test_the_database_is_made_at_start(start: Start) -> None:
    with start().client(database="nova") as client:
        assert client.execute("SELECT currentDatabase()") == [("nova",)]


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        said = refusal(command(tmp_path / "data", port=port))
    assert str(port) in said
    assert "choose another --port" in said


def test_a_directory_in_use_is_refused(start: Start, tmp_path: Path) -> None:
    process = start()
    assert "choose another --data" in refusal(command(tmp_path / "data"))
    with process.client() as client:
        assert client.execute("SELECT 1") == [(1,)]


def test_a_missing_password_is_refused(tmp_path: Path) -> None:
    assert "NOVA_CLICKHOUSE_PASSWORD" in refusal(command(tmp_path / "data"), NOVA_CLICKHOUSE_PASSWORD="")


def test_neither_password_nor_data_reach_the_log(start: Start) -> None:
    process = start()
    with process.client() as client:
        for query in ("SELECT 'a secret row' + 1", "INSERT INTO missing VALUES ('a secret row')"):
            with pytest.raises(errors.ServerException):
                client.execute(query)
    with process.client(password="a secret guess") as stranger, pytest.raises(errors.ServerException):
        stranger.execute("SELECT 1")
    assert process.end() == 0
    log = process.errors.read_text()
    assert log.count("failed code=") == 2
    assert "secret" not in log
    assert "correct horse" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_in_order(start: Start, number: signal.Signals) -> None:
    process = start()
    with process.client() as client:
        client.execute("SELECT 1")
        process.process.send_signal(number)
        assert process._wait() == 0
    assert process.errors.read_text() == ""


def test_a_running_query_is_finished_before_the_end(start: Start) -> None:
    process = start()
    answers: list[object] = []

    def ask() -> None:
        with process.client() as client:
            answers.extend(client.execute("SELECT sleep(1)"))

    thread = threading.Thread(target=ask)
    with process.client() as client:
        thread.start()
        wait_until(lambda: client.execute("SELECT count() FROM system.processes") == [(2,)])
        assert process.end() == 0
    thread.join()
    assert answers == [(0,)]


def test_an_endless_query_does_not_delay_the_end_for_long(start: Start) -> None:
    process = start()
    with process.client() as client, process.client() as endless:
        endless.execute_iter("SELECT count() FROM system.numbers WHERE NOT ignore(sipHash64(number))")
        wait_until(lambda: client.execute("SELECT count() FROM system.processes") == [(2,)])
        started = time.monotonic()
        assert process.end() == 0
        assert time.monotonic() - started < 8


def test_a_second_signal_does_not_disturb_the_end(start: Start) -> None:
    process = start()
    with process.client() as client, process.client() as busy:
        busy.execute_iter("SELECT sleep(1)")
        wait_until(lambda: client.execute("SELECT count() FROM system.processes") == [(2,)])
        process.process.terminate()
        wait_until(lambda: not accepts_connections(process.port))
        assert process.end() == 0
    assert process.errors.read_text() == ""


def accepts_connections(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def test_data_are_there_after_a_restart(start: Start) -> None:
    first = start()
    with first.client() as client:
        client.execute("CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id")
        client.execute("INSERT INTO t VALUES", [(7,)])
    assert first.end() == 0
    with start().client() as client:
        assert client.execute("SELECT id FROM t") == [(7,)]


def test_a_refreshable_view_goes_on_after_a_restart(start: Start) -> None:
    first = start()
    with first.client() as client:
        client.execute("CREATE TABLE ticks (at DateTime('UTC')) ENGINE = MergeTree ORDER BY at")
        client.execute("CREATE MATERIALIZED VIEW v REFRESH EVERY 1 SECOND APPEND TO ticks AS SELECT now('UTC') AS at")
    first.kill()
    with start().client() as client:
        ((before,),) = client.execute("SELECT count() FROM ticks")
        wait_until(lambda: client.execute("SELECT count() FROM ticks")[0][0] > before)


class Writer(threading.Thread):
    """Inserts until the server is gone, and knows what was acknowledged."""

    def __init__(self, port: int, number: int, first: int) -> None:
        super().__init__()
        self.port, self.number, self.next = port, number, first
        self.acknowledged: list[tuple[int, int]] = []

    def run(self) -> None:
        try:
            with connect(self.port) as client:
                while True:
                    rows = [(self.number, self.next + i) for i in range(20)]
                    client.execute("INSERT INTO t VALUES", rows)
                    self.acknowledged += rows
                    self.next += 20
        except (errors.NetworkError, errors.SocketTimeoutError, EOFError, OSError):
            return


def rows_acknowledged_until_killed(process: ServerProcess, life: int) -> set[tuple[int, int]]:
    """Write from four clients, kill the server in the middle of it, and say what it had confirmed."""
    writers = [Writer(process.port, number, life * 1_000_000) for number in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) > 2000 + 500 * life)
    process.kill()
    for writer in writers:
        writer.join()
    return {row for writer in writers for row in writer.acknowledged}


def test_no_acknowledged_insert_is_lost_when_the_server_is_killed(start: Start) -> None:
    process = start()
    with process.client() as client:
        client.execute("CREATE TABLE t (writer UInt8, row UInt64) ENGINE = MergeTree ORDER BY (writer, row)")
    acknowledged: set[tuple[int, int]] = set()
    for life in range(4):
        acknowledged |= rows_acknowledged_until_killed(process, life)
        killed = time.monotonic()
        process = start(port=process.port)
        assert time.monotonic() - killed < 5
        with process.client() as client:
            stored = client.execute("SELECT writer, row FROM t")
        assert acknowledged <= set(stored)
        assert len(stored) == len(set(stored))
    assert len(acknowledged) > 8000
