"""`python -m tests.load`: five minutes of the session mix on a Nova of its own; `make load` installs what it needs.

Writes var/load/report.html and fails when a single request did. `--users 80 --minutes 5` are the defaults.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from nova import environment
from tests.benchmarks.report import say
from tests.integration.running import Nova

USERS = 80  # what two cores sustain, the load's own share of them included
LOCUSTFILE = Path(__file__).with_name("locustfile.py")


def main() -> int:
    options = arguments()
    reports = environment.var_dir() / "load"
    reports.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nova-load-") as folder:
        nova = Nova(Path(folder) / "var", "--no-limit")
        try:
            nova.wait_until_ready()
            tokens = Path(folder) / "tokens"
            tokens.write_text(nova.token(*(f"demo-{number}" for number in range(2 * options.users)), "--ttl", "7200"))
            return run(nova.port, tokens, options, reports)
        finally:
            nova.stop()


def run(port: int, tokens: Path, options: argparse.Namespace, reports: Path) -> int:
    command = [
        sys.executable, "-m", "locust", "--locustfile", str(LOCUSTFILE), "--headless", "--host", f"http://127.0.0.1:{port}",
        "--users", str(options.users), "--spawn-rate", "10", "--run-time", f"{options.minutes}m", "--only-summary",
        "--html", str(reports / "report.html"), "--csv", str(reports / "report"), "--exit-code-on-error", "1",
    ]  # fmt: skip
    done = subprocess.run(command, env=os.environ | {"NOVA_LOAD_TOKENS": str(tokens)}, cwd=environment.BASE_DIR)
    verdict = "REQUESTS FAILED" if done.returncode else "No request failed"
    say(f"{verdict}; the report is {reports / 'report.html'}.")
    return done.returncode


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load")
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--minutes", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
