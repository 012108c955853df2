"""The process itself: its lock on the data directory, and its tie to its parent."""

import ctypes
import fcntl
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1


class StartupError(Exception):
    """The server cannot start; the message says what to do."""


def lock_directory(directory: Path) -> int:
    """Take the data directory for this process, and return the descriptor that holds it.

    The kernel drops the lock with the process, so one that was killed does not block the next.
    """
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / "server.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        message = f"{directory} is in use by another server: stop that one, or choose another --data directory."
        raise StartupError(message) from None
    return descriptor


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent ends. `parent` is its id at the start of this process."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the request was made
        os._exit(0)
