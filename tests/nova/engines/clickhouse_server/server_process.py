"""A server process under test, and clients for it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from clickhouse_driver import Client

PASSWORD = "correct horse"
REPOSITORY = Path(__file__).parents[4]
MODULE = "nova.engines.clickhouse_server"


def environment() -> dict[str, str]:
    return {**os.environ, "NOVA_CLICKHOUSE_PASSWORD": PASSWORD, "PYTHONPATH": str(REPOSITORY)}


def command(data: Path, *options: str, port: int = 0) -> list[str]:
    return [sys.executable, "-m", MODULE, "--data", str(data), "--port", str(port), *options]


class ServerProcess:
    """Started and listening when the constructor returns, on a port the system chose unless one is given."""

    def __init__(self, data: Path, *options: str, port: int = 0) -> None:
        self.errors = data.with_name(data.name + ".stderr")
        with self.errors.open("ab") as errors:
            arguments = command(data, "--database", "nova", *options, port=port)
            self.process = subprocess.Popen(
                arguments, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment()
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:"), (line, self.errors.read_text())
        self.port = int(line.rpartition(":")[2])

    def client(self, **options: Any) -> Client:
        return connect(self.port, **options)

    def end(self) -> int:
        """SIGTERM, and the exit status."""
        self.process.terminate()
        return self._wait()

    def kill(self) -> None:
        self.process.kill()
        self._wait()

    def _wait(self) -> int:
        status = self.process.wait(timeout=20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def connect(port: int, **options: Any) -> Client:
    return Client("127.0.0.1", port, **{"user": "nova", "password": PASSWORD, "database": "nova", **options})


def wait_until(condition: Callable[[], object], timeout_seconds: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
