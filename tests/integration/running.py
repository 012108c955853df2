"""Nova as a newcomer runs it: `manage.py up` in a folder of its own, seen from outside."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psutil

from nova import environment
from nova.engines import choices

OURS = {
    *environment.ENGINE_VARIABLES, "APP_ENV", "SECRET_KEY", "NOVA_VAR_DIR", "NOVA_TEST_ENGINES", "CLICKHOUSE_DATABASE",
    "DJANGO_SETTINGS_MODULE", "RATE_LIMIT_PER_MINUTE", "JWT_PRIVATE_KEY_FILE", "JWT_PUBLIC_KEY_FILES", "JWT_ISSUER",
    "JWT_AUDIENCE", "PERSON_HASH_KEY", "KAFKA_BROKERS",
}  # fmt: skip


def plain_environment(var: Path, more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """That of a fresh shell, but for where `var/` is."""
    return {name: value for name, value in os.environ.items() if name not in OURS} | {"NOVA_VAR_DIR": str(var), **more}


class Nova:
    """A running `manage.py up`."""

    def __init__(self, var: Path, *options: str, port: int = 0, variables: Mapping[str, str] | None = None) -> None:
        self.var, self.variables = var, variables or {}
        self.port = port or choices.free_port()
        self.output = var.with_suffix(".out")
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port), *options],
                cwd=environment.BASE_DIR,
                env=plain_environment(var, self.variables),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_until_ready(self, timeout: float = 120) -> None:
        wait_for(lambda: "Ctrl-C stops everything" in self.said or self.process.poll() is not None, timeout)
        assert self.process.poll() is None, self.said

    def descendants(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def engine(self, part_of_command: str) -> psutil.Process | None:
        """The living child whose command line holds this."""
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
                if part_of_command in " ".join(child.cmdline()):
                    return child
        return None

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command, from a second shell without any variable set."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=environment.BASE_DIR,
            env=plain_environment(self.var, self.variables),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def token(self, user: str, *options: str) -> str:
        return self.manage("issue_token", user, *options).stdout.strip()

    def request(self, method: str, path: str, token: str, body: object = None) -> tuple[int, Any]:
        """Status and answer; status 0 while nobody listens."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except (urllib.error.URLError, ConnectionError) as error:
            return 0, {"status": str(error)}

    def feed(self, token: str, path: str = "/reels") -> list[dict[str, Any]]:
        status, body = self.request("GET", path, token)
        assert status == 200, body
        return body["data"]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(40)


def wait_for(true: Callable[[], object], timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.1)


def gone(processes: list[psutil.Process]) -> bool:
    return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in processes)
