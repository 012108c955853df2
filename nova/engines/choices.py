"""Ports and passwords of the embedded engines: chosen once per folder, kept in `var/engines.json`."""

import json
import secrets
import socket
from pathlib import Path
from typing import TypedDict

from nova.engines import files


class Choice(TypedDict):
    port: int
    password: str


def choose(var: Path, engine: str) -> Choice:
    """The port and password of `engine`: those of last time, with another port when somebody took the old one."""
    path = var / "engines.json"
    known: dict[str, Choice] = json.loads(path.read_text()) if path.exists() else {}
    choice = known.get(engine) or Choice(port=0, password=secrets.token_urlsafe(24))
    if not port_is_free(choice["port"]):
        choice["port"] = free_port()
    known[engine] = choice
    files.write_secret(path, json.dumps(known, indent=2))
    return choice


def port_is_free(port: int) -> bool:
    if not port:
        return False
    with socket.socket() as probe:
        # As the engines do: a port in TIME_WAIT after a restart is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
