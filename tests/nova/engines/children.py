"""Tiny children for tests of the supervisor."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nova.engines.process import Process
from nova.engines.supervisor import Supervisor

FOREVER = "while :; do sleep 0.05; done"


def shell(name: str, script: str, **more: Any) -> Process:
    """A child that runs a script and answers as soon as it runs, unless a probe is given."""
    return Process(name, ["/bin/sh", "-c", script], **({"probe": lambda: None} | more))


def announced(path: Path) -> Any:
    """A probe: fails until the child has made this file."""

    def probe() -> None:
        if not path.exists():
            raise FileNotFoundError(path.name)

    return probe


def never() -> None:
    raise ConnectionRefusedError("nobody listens")


@contextmanager
def supervising(folder: Path) -> Iterator[tuple[Supervisor, list[str]]]:
    """A supervisor and what it says; its children end with the block."""
    said: list[str] = []
    supervisor = Supervisor(folder / "log", said.append)
    try:
        yield supervisor, said
    finally:
        supervisor.stop()


class Clock:
    """Stands in for the `time` module: time passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
