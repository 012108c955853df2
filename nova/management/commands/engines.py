"""`manage.py engines start|stop|status|env`: the embedded engines without the rest of Nova."""

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nova import environment, health
from nova.engines import daemon, lock

STOP_TIMEOUT = 30.0


class Command(BaseCommand):
    help = "Start, stop or show the embedded engines (PostgreSQL, Redis, ClickHouse) of this folder."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status", "env"])

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("APP_ENV") == "production":
            raise CommandError("Embedded engines are for development. Set DATABASE_URL, REDIS_URL and CLICKHOUSE_URL.")
        self.var = environment.var_dir()
        {"start": self.start, "stop": self.stop, "status": self.status, "env": self.env}[options["action"]]()

    def start(self) -> None:
        if self._running():
            self.stdout.write(f"The engines are already running (process {self._holder()}).")
            return
        log = self.var / "log" / "engines.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as errors:
            child = subprocess.Popen(
                [sys.executable, "-m", "nova.engines.daemon"],
                cwd=environment.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        assert child.stdout is not None
        if child.stdout.readline().decode().strip() != daemon.READY:
            child.wait()
            raise CommandError(f"The engines did not start. {_last_lines(log.read_text(errors='replace'))}")
        child.stdout.close()
        child.returncode = 0  # it lives on by itself; there is nothing to wait for
        self.stdout.write("PostgreSQL, Redis and ClickHouse are running. Stop them with `manage.py engines stop`.")

    def stop(self) -> None:
        if not self._running():
            self.stdout.write("No engines are running in this folder.")
            return
        holder, _, note = self._holder().partition(" ")
        if note != daemon.NOTE:
            raise CommandError(f"The engines belong to `{note}` (process {holder}); stop that one.")
        os.kill(int(holder), signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while self._running():
            if time.monotonic() > deadline:
                raise CommandError(f"Process {holder} does not end; see {self.var / 'log' / 'engines.log'}.")
            time.sleep(0.05)
        self.stdout.write("Stopped.")

    def status(self) -> None:
        if not self._running():
            raise CommandError("No engines are running in this folder. Start them with `manage.py engines start`.")
        for engine in health.check_engines():
            state = f"answers in {engine.latency_ms:.1f} ms" if engine.ok else f"does not answer: {engine.error}"
            self.stdout.write(f"{engine.name:12} {state}")

    def env(self) -> None:
        if not self._running():
            raise CommandError("No engines are running in this folder. Start them with `manage.py engines start`.")
        for name, value in environment.read(self.var / "development.env").items():
            self.stdout.write(f"export {name}={shlex.quote(value)}")

    def _running(self) -> bool:
        return lock.is_held(self.var / "engines.lock")

    def _holder(self) -> str:
        return (self.var / "engines.lock").read_text().strip()


def _last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-10:])
