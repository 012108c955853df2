"""One process per folder runs the engines, one runs `up`. The kernel drops a lock with its holder, however it dies."""

import fcntl
import os
import time
from pathlib import Path
from typing import IO

TRIES, PAUSE = 5, 0.02  # seconds


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
    if not _locked(handle):
        handle.seek(0)
        held_by = handle.read().strip()
        handle.close()
        raise AlreadyHeldError(held_by)
    handle.truncate(0)
    handle.write(note or f"process {os.getpid()}")
    handle.flush()
    return handle


def _locked(handle: IO[str]) -> bool:
    """Tries for a moment: somebody may just be asking `is_held`."""
    for _ in range(TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(PAUSE)
        else:
            return True
    return False


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    if not path.exists():
        return False
    with path.open() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
