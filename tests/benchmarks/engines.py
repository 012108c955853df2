"""Engines of a benchmark's own, and this process using them."""

import os
import subprocess
import sys
from pathlib import Path

from nova import environment
from tests.integration.running import plain_environment


def manage(var: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=environment.BASE_DIR,
        env=plain_environment(var),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def use(var: Path) -> None:
    """Have this process use the engines of `var`."""
    import django

    os.environ |= environment.read(var / "development.env") | {
        "NOVA_VAR_DIR": str(var),
        "DJANGO_SETTINGS_MODULE": "nova.settings.dev",
        "LOG_LEVEL": "WARNING",
    }
    django.setup()
