"""Runs child processes: starts them together, restarts what dies, stops them in the reverse order."""

import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from nova.engines import process as processes
from nova.engines.process import Process

READY_TIMEOUT = 60.0
LONGEST_PAUSE = 10.0
STABLE_AFTER = 60.0  # a child that lived this long starts again with the shortest pause


class StartError(Exception):
    """A child did not come up; the message names its log."""


@dataclass
class Child:
    process: Process
    popen: subprocess.Popen[bytes]
    started: float
    pause: float = 0.5
    restart_at: float | None = None


class Supervisor:
    """Holds the children of one process. `say` gets a sentence for whatever a person should know."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self.logs = logs
        self.say = say
        self.children: dict[str, Child] = {}

    def start(self, wanted: Iterable[Process], timeout: float = READY_TIMEOUT) -> None:
        """Start all of `wanted` at once and return when every one of them answers.

        Raises StartError when one exits or does not answer in `timeout` seconds.
        """
        new = list(wanted)
        for process in new:
            self.children[process.name] = self._spawn(process)
        deadline = time.monotonic() + timeout
        for process in new:
            self._wait_until_ready(self.children[process.name], deadline)

    def tend(self) -> None:
        """Restart children that died. Call it a few times a second."""
        for child in self.children.values():
            if child.restart_at is None:
                self._note_death(child)
            elif time.monotonic() >= child.restart_at:
                self._restart(child)

    def stop(self, names: Iterable[str] | None = None) -> None:
        """Stop the named children, or all, the youngest first."""
        for name in reversed(list(names or self.children)):
            child = self.children.pop(name)
            processes.stop(child.popen, child.process)

    def log_of(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def _spawn(self, process: Process) -> Child:
        return Child(process, processes.start(process, self.log_of(process.name)), time.monotonic())

    def _wait_until_ready(self, child: Child, deadline: float) -> None:
        while True:
            if child.popen.poll() is not None:
                raise StartError(self._failure(child, f"exited with status {child.popen.returncode}"))
            try:
                child.process.probe()
                return
            except Exception as error:  # a driver's own errors mean: not yet
                if time.monotonic() > deadline:
                    raise StartError(self._failure(child, f"does not answer ({error})")) from error
            time.sleep(0.05)

    def _failure(self, child: Child, what: str) -> str:
        log = self.log_of(child.process.name)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        return f"{child.process.name} {what}. The end of {log}:\n{tail}"

    def _note_death(self, child: Child) -> None:
        status = child.popen.poll()
        if status is None:
            return
        processes.end_group(child.popen)
        lived = time.monotonic() - child.started
        child.pause = 0.5 if lived > STABLE_AFTER else min(child.pause * 2, LONGEST_PAUSE)
        child.restart_at = time.monotonic() + child.pause
        name = child.process.name
        self.say(
            f"{name} ended with status {status}; starting it again in {child.pause:g} s (log: {self.log_of(name)})"
        )

    def _restart(self, child: Child) -> None:
        child.popen = processes.start(child.process, self.log_of(child.process.name))
        child.started, child.restart_at = time.monotonic(), None
