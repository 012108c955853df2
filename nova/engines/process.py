"""What one supervised child process is, and how it is started so that it never outlives its supervisor."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
PROJECT = Path(__file__).resolve().parents[2]
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Process:
    """A child to run: `probe` raises while it does not answer, `stop_signal` asks it to end in good order."""

    name: str
    argv: list[str]
    probe: Callable[[], object]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout: float = 10.0


def start(process: Process, log: Path) -> subprocess.Popen[bytes]:
    """Start `process` in a process group of its own, its output appended to `log`.

    The group keeps Ctrl-C with the supervisor, which stops its children in order; the kernel sends `stop_signal`
    when the supervisor dies without having done so.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    parent = os.getpid()
    with log.open("ab") as output:
        return subprocess.Popen(
            process.argv,
            cwd=PROJECT,
            env={**os.environ, **process.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: _prepare(process.stop_signal, parent),
        )


def _prepare(stop_signal: signal.Signals, parent: int) -> None:
    """In the child, before its program: a shell's background job ignores SIGINT, and so would all it starts."""
    signal.signal(stop_signal, signal.SIG_DFL)
    die_with_parent(stop_signal, parent)


def die_with_parent(stop_signal: signal.Signals, parent: int) -> None:
    """Have the kernel send `stop_signal` to this process when `parent` dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(stop_signal))
    if os.getppid() != parent:  # it died before the call took effect
        os.kill(os.getpid(), signal.SIGKILL)


def follow_parent() -> None:
    """Have this process end in good order when the one that started it dies."""
    _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


def stop(child: subprocess.Popen[bytes], process: Process) -> None:
    """End a child: first politely, after `stop_timeout` its whole group by force."""
    if child.poll() is None:
        child.send_signal(process.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            child.wait(process.stop_timeout)
    end_group(child)
    child.wait()


def end_group(child: subprocess.Popen[bytes]) -> None:
    """End whatever is left of a child and what it started: workers outlive a master that was killed."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
