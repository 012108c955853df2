"""`python -m tests.benchmarks.servers`: the same Nova on several web servers, with as many workers and threads.

How docs/performance.md came by its server. Needs requirements/load.txt and wrk.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nova.engines import choices
from nova.management.commands.up import answers
from tests.benchmarks import wrk
from tests.benchmarks.engines import manage, use
from tests.benchmarks.report import say
from tests.integration.running import wait_for

PEOPLE, ROUNDS, SECONDS, CLIENTS = 64, 3, 4, 16
PYTHON = sys.executable
APPLICATION = "nova.wsgi:application"
GRANIAN = [PYTHON, "-m", "nova.web", "--workers", "2"]
GUNICORN = [PYTHON, "-m", "gunicorn", APPLICATION, "--workers", "2", "--log-level", "error"]
SERVERS = {
    "granian, 1 thread": [*GRANIAN, "--blocking-threads", "1", "--port", "{port}"],
    "granian, 2 threads": [*GRANIAN, "--blocking-threads", "2", "--port", "{port}"],
    "granian, 3 threads": [*GRANIAN, "--blocking-threads", "3", "--port", "{port}"],
    "granian, 4 threads": [*GRANIAN, "--blocking-threads", "4", "--port", "{port}"],
    "granian, 8 threads": [*GRANIAN, "--blocking-threads", "8", "--port", "{port}"],
    "gunicorn, sync": [*GUNICORN, "--bind", "127.0.0.1:{port}"],
    "gunicorn, 4 threads": [*GUNICORN, "--worker-class", "gthread", "--threads", "4", "--bind", "127.0.0.1:{port}"],
    "uvicorn (ASGI)": [PYTHON, "-m", "uvicorn", "tests.benchmarks.asgi:application", "--workers", "2", "--log-level",
                       "error", "--port", "{port}"],
}  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="nova-bench-") as folder:
        var = Path(folder) / "var"
        manage(var, "engines", "start")
        try:
            for command in (["migrate", "--verbosity=0"], ["migrate_clickhouse"], ["load_demo"], ["refresh_signals"]):
                manage(var, *command)
            use(var)
            compare()
        finally:
            manage(var, "engines", "stop")


def compare() -> None:
    from nova.api import jwt

    people = [jwt.sign(f"demo-{number}", lifetime=7200) for number in range(PEOPLE)]
    say(f"{'feed, cache hit, 16 clients':<24}{'requests/s':>12}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'errors':>8}")
    for name, command in SERVERS.items():
        with running(command) as url:
            wrk.load(url, people, clients=CLIENTS, seconds=2)
            loads = [wrk.load(url, people, clients=CLIENTS, seconds=SECONDS) for _ in range(ROUNDS)]
        best = max(loads, key=lambda each: each.per_second)
        errors = sum(each.errors for each in loads)
        say(f"{name:<24}{best.per_second:>12,.0f}{best.p50:>10.1f}{best.p95:>10.1f}{best.p99:>10.1f}{errors:>8}")


@contextmanager
def running(command: list[str]) -> Iterator[str]:
    port = choices.free_port()
    environment = os.environ | {"RATE_LIMIT_PER_MINUTE": "0"}
    process = subprocess.Popen([word.format(port=port) for word in command], env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: is_up(port), 30)
        yield f"http://127.0.0.1:{port}/api/v1/reels"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        time.sleep(1)


def is_up(port: int) -> bool:
    try:
        answers(f"http://127.0.0.1:{port}/api/v1/health/live")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
