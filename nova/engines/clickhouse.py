"""ClickHouse: the engine of the `chdb` wheel behind `nova.engines.clickhouse_server`, on a loopback port."""

import socket
import sys
from pathlib import Path

from clickhouse_driver import Client

from nova.engines import choices
from nova.engines.engine import Engine
from nova.engines.process import Process

DATABASE = "nova"


def engine(var: Path) -> Engine:
    choice = choices.choose(var, "clickhouse")
    port, password = choice["port"], choice["password"]
    server = [sys.executable, "-m", "nova.engines.clickhouse_server"]
    where = ["--data", str(var / "clickhouse"), "--port", str(port), "--database", DATABASE]
    process = Process(
        name="clickhouse",
        argv=[*server, *where],
        environment={"NOVA_CLICKHOUSE_PASSWORD": password},
        probe=lambda: _select_one(port, password),
    )
    return Engine(process, {"CLICKHOUSE_URL": f"clickhouse://nova:{password}@127.0.0.1:{port}/{DATABASE}"})


def _select_one(port: int, password: str) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=2).close()  # the driver logs refused connections at length
    client = Client("127.0.0.1", port=port, user="nova", password=password, connect_timeout=2, send_receive_timeout=5)
    try:
        client.execute("SELECT 1")
    finally:
        client.disconnect()
