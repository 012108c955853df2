"""Which environment a process runs in, decided before Django is loaded.

`APP_ENV` is production unless somebody says otherwise. `manage.py up` and `manage.py engines start` write
`var/development.env`; a command started without `APP_ENV` reads it, so that a second shell needs no variables.
"""

import os
from pathlib import Path

from nova.engines import files, lock

BASE_DIR = Path(__file__).resolve().parent.parent
SETTINGS = {
    "production": "nova.settings.base",
    "development": "nova.settings.dev",
    "test": "nova.settings.test",
}
# These make a development environment; every other command finds one.
FOUNDING_COMMANDS = {"up", "engines"}
ENGINE_VARIABLES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "CLICKHOUSE_URL")


def var_dir() -> Path:
    """Where the development engines, their logs and keys live; never part of an image."""
    return Path(os.environ.get("NOVA_VAR_DIR", BASE_DIR / "var")).resolve()


def settings_module() -> str:
    name = os.environ.get("APP_ENV", "production")
    if name not in SETTINGS:
        raise SystemExit(f"APP_ENV is {name!r}; it must be one of {', '.join(SETTINGS)}.")
    return SETTINGS[name]


def load_development(command: str = "") -> None:
    """Read `var/development.env` when `APP_ENV` is unset. What is already set in the environment wins.

    Addresses of embedded engines are left out while nobody runs them: a missing URL gets a system check that says
    how to start them, a stale one only "connection refused".
    """
    path = var_dir() / "development.env"
    if "APP_ENV" in os.environ:
        return
    if command in FOUNDING_COMMANDS:
        os.environ["APP_ENV"] = "development"
    if not path.exists():
        return
    running = lock.is_held(var_dir() / "engines.lock")
    for name, value in read(path).items():
        if running or name not in ENGINE_VARIABLES:
            os.environ.setdefault(name, value)


def read(path: Path) -> dict[str, str]:
    """The `NAME=value` lines of an environment file."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def write(path: Path, values: dict[str, str]) -> None:
    """Replace an environment file in one step, readable by its owner alone."""
    files.write_secret(path, "".join(f"{name}={value}\n" for name, value in values.items()))
