import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clickhouse_driver import Client

from tests.nova.engines.clickhouse_server.server_process import ServerProcess


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server for all tests that leave it as they found it."""
    process = ServerProcess(tmp_path_factory.mktemp("clickhouse") / "data")
    yield process
    assert process.end() == 0


@pytest.fixture
def database(server: ServerProcess) -> Iterator[str]:
    """A database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with server.client() as client:
        client.execute(f"CREATE DATABASE {name}")
        yield name
        client.execute(f"DROP DATABASE {name}")


@pytest.fixture
def client(server: ServerProcess, database: str) -> Iterator[Client]:
    with server.client(database=database) as client:
        yield client


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., ServerProcess]]:
    """Start servers of the test's own, by default on one data directory after another's end."""
    started: list[ServerProcess] = []

    def start_server(*options: str, data: Path = tmp_path / "data", port: int = 0) -> ServerProcess:
        started.append(ServerProcess(data, *options, port=port))
        return started[-1]

    yield start_server
    for process in started:
        if process.process.poll() is None:
            process.kill()
