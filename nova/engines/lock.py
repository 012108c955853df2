"""One process per folder runs the engines, one runs `up`. The kernel drops a lock with its holder, however it dies."""

import fcntl
import os
from pathlib import Path
from typing import IO


class AlreadyHeldError(Exception):
    """Another process holds the lock; `note` is what it wrote about itself."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


def acquire(path: Path, note: str = "") -> IO[str]:
    """Hold `path` until the returned file is closed or the process ends.

    Raises AlreadyHeldError when another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        held_by = handle.read().strip()
        handle.close()
        raise AlreadyHeldError(held_by) from None
    handle.truncate(0)
    handle.write(note or f"process {os.getpid()}")
    handle.flush()
    return handle


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    if not path.exists():
        return False
    try:
        acquire_shared(path).close()
    except BlockingIOError:
        return True
    return False


def acquire_shared(path: Path) -> IO[str]:
    handle = path.open()
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise
    return handle
