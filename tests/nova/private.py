"""Engines of one test's own, which may be stopped and hung, and sockets that take connections and never answer."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nova.engines.engine import Engine
from nova.engines.supervisor import Supervisor


class PrivateEngine:
    """A running engine."""

    def __init__(self, engine: Engine, supervisor: Supervisor) -> None:
        self.engine, self.supervisor = engine, supervisor
        self.variables = engine.variables

    def hang(self) -> None:
        """Connections stay open and new ones are taken, by the kernel; nothing is answered any more."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        self.supervisor.stop()
        self.supervisor.start([self.engine.process])

    def _signal(self, number: signal.Signals) -> None:
        for process in self._processes():
            with suppress(ProcessLookupError):  # a backend may end at any moment
                os.kill(process, number)

    def _processes(self) -> list[int]:
        """PostgreSQL's backends are in sessions of their own."""
        (child,) = self.supervisor.children.values()
        process = child.popen.pid
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return [process, *map(int, children)]


@contextmanager
def running(make: Callable[[Path], Engine], folder: Path) -> Iterator[PrivateEngine]:
    supervisor = Supervisor(folder / "log", print)
    engine = make(folder)
    supervisor.start([engine.process])
    private = PrivateEngine(engine, supervisor)
    try:
        yield private
    finally:
        private.go_on()
        supervisor.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """The port of a server that never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        yield server.getsockname()[1]
