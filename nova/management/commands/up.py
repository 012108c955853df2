"""`manage.py up`: all of Nova on this machine, until Ctrl-C. What `make run` ends in."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nova import environment
from nova.engines import choices, development, lock
from nova.engines.daemon import Stopped, stop_on_signals
from nova.engines.postgres import MissingToolError
from nova.engines.process import Process, follow_parent
from nova.engines.supervisor import StartError, Supervisor

HOST = "127.0.0.1"
STEPS = [
    ("PostgreSQL schema", ["migrate", "--verbosity=0"]),
    ("ClickHouse schema", ["migrate_clickhouse"]),
]
DEMO = ("demo data", ["load_demo", "--if-empty"])
TOPICS = ("Kafka topics", ["create_topics"])
CONSUMERS = ["consume_engagement", "consume_cdc"]
SIGNALS = ("ranking signals", ["refresh_signals"])
TRENDING = ("trending lists", ["refresh_trending"])


class Command(BaseCommand):
    help = "Run Nova here: engines, migrations, demo data, web, worker and scheduler. Ctrl-C stops all of it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="web worker processes")
        parser.add_argument("--no-demo", action="store_true", help="start without the generated videos and viewers")
        parser.add_argument("--no-limit", action="store_true", help="count requests, refuse none")

    def handle(self, *args: Any, **options: Any) -> None:
        if os.environ.get("APP_ENV") == "production":
            raise CommandError(
                "`up` is for development. In production run apart: `python -m nova.web`, `celery -A nova worker` and "
                "`celery -A nova beat`."
            )
        self.var = environment.var_dir()
        if os.environ.get("NOVA_DIE_WITH_PARENT"):
            follow_parent()
        stop_on_signals()
        supervisor = Supervisor(self.var / "log", self.say)
        held = self._hold_locks()
        try:
            self._start(supervisor, options)
            while True:
                time.sleep(0.25)
                supervisor.tend()
        except Stopped:
            self.say("Stopping.")
        except (StartError, MissingToolError) as error:
            raise CommandError(str(error)) from error
        finally:
            supervisor.stop()
            for each in held:
                each.close()
            self.say("Stopped.")

    def say(self, sentence: str) -> None:
        self.stdout.write(f"nova  {sentence}")
        self.stdout.flush()

    def _hold_locks(self) -> list[IO[str]]:
        note = f"{os.getpid()} manage.py up"
        try:
            held = [lock.acquire(self.var / "up.lock", note)]
        except lock.AlreadyHeldError as error:
            process = error.note.partition(" ")[0]
            raise CommandError(
                f"Nova already runs in this folder (process {process}). Stop it with Ctrl-C in its terminal, or "
                f"with `kill {process}`."
            ) from error
        try:
            held.append(lock.acquire(self.var / "engines.lock", note))
        except lock.AlreadyHeldError:
            self.say("Using the engines that `manage.py engines start` is running.")
        return held

    def _start(self, supervisor: Supervisor, options: dict[str, Any]) -> None:
        self.say("Starting PostgreSQL, Redis and ClickHouse (logs in var/log)")
        development.start(self.var, supervisor)
        if options["no_limit"]:
            os.environ["RATE_LIMIT_PER_MINUTE"] = "0"
        kafka = [TOPICS] if os.environ.get("KAFKA_BROKERS") else []
        for what, command in [*STEPS, *kafka, *([] if options["no_demo"] else [DEMO]), SIGNALS, TRENDING]:
            self.say(f"Preparing {what}")
            self._manage(what, command)
        port = self._port(options["port"])
        self.say("Starting web, worker and scheduler")
        supervisor.start(processes(port, options["workers"], self.var))
        self._announce(port, demo=not options["no_demo"])

    def _manage(self, what: str, command: list[str]) -> None:
        """Run a command to its end; its progress goes to this terminal."""
        done = subprocess.run([sys.executable, "manage.py", *command], cwd=environment.BASE_DIR)
        if done.returncode:
            raise StartError(f"Preparing {what} failed; what it said stands above.")

    def _port(self, wanted: int) -> int:
        if choices.port_is_free(wanted):
            return wanted
        port = next((each for each in range(wanted + 1, wanted + 100) if choices.port_is_free(each)), None)
        if port is None:
            raise CommandError(f"Ports {wanted} to {wanted + 99} are all taken; choose another with --port.")
        self.say(f"Port {wanted} is taken by another program; using {port}")
        return port

    def _announce(self, port: int, *, demo: bool) -> None:
        base = f"http://{HOST}:{port}"
        viewer = "demo-ada" if demo else "anybody"
        token = f"$(.venv/bin/python manage.py issue_token {viewer})"
        lines = [
            "",
            f"  Player    {base}/",
            f"  API docs  {base}/api/v1/docs",
            f"  Admin     {base}/admin/" + ("   (admin / admin)" if demo else ""),
            "",
            "  A feed, from a second terminal in this folder:",
            f'  curl -H "Authorization: Bearer {token}" "{base}/api/v1/reels?limit=40"',
            "",
            "  Ctrl-C stops everything.",
            "",
        ]
        self.say("Ready")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def processes(port: int, workers: int, var: Path) -> list[Process]:
    """Web, worker and scheduler, all with this process's environment."""
    metrics = {"PROMETHEUS_MULTIPROC_DIR": str(empty_folder(var / "run" / "metrics"))}
    python, celery = sys.executable, [sys.executable, "-m", "celery", "-A", "nova"]
    worker = [
        "worker",
        "--queues",
        "default,events,feeds",
        "--concurrency",
        "2",
        "--without-mingle",
        "--without-gossip",
    ]
    beat = ["beat", "--schedule", str(var / "run" / "beat"), "--pidfile="]
    consumers = CONSUMERS if os.environ.get("KAFKA_BROKERS") else []
    return [
        Process(
            "web",
            serve(port, workers),
            lambda: answers(f"http://{HOST}:{port}/api/v1/health/ready"),
            metrics,
        ),
        Process("worker", [*celery, *worker], lambda: None),
        Process("beat", [*celery, *beat], lambda: None),
        *(Process(name, [python, "manage.py", name], lambda: None) for name in consumers),
    ]


def serve(port: int, workers: int) -> list[str]:
    return [sys.executable, "-m", "nova.web", "--host", HOST, "--port", str(port), "--workers", str(workers)]


def empty_folder(folder: Path) -> Path:
    """What the web's processes of last time counted is over."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def answers(url: str) -> None:
    with urllib.request.urlopen(url, timeout=2):
        pass
