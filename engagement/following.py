"""A thread of each web worker that hears which videos changed, so that what is kept of the others can be believed."""

import os
import threading
import time
from collections.abc import Callable

import structlog

from nova.clients.redis import RedisError
from reels import changes

log = structlog.get_logger(__name__)
EVERY = 0.2  # seconds
TOO_LATE = 0.7  # seconds without word: with what a page takes to be served, less than the second counters may be old


class Follower:
    """`drop` gets the ids of videos that changed, twice: whoever had read one just before the change may put it back
    just after it was dropped."""

    def __init__(self, drop: Callable[[set[bytes]], None]) -> None:
        self._drop = drop
        self._process = 0
        self._heard_at = 0.0

    def is_heard(self) -> bool:
        """Whether what was not dropped is true. Starts the thread when it is asked for the first time."""
        if self._process != os.getpid():  # threads do not survive a fork
            self._process = os.getpid()
            threading.Thread(target=self._follow, name="changed videos", daemon=True).start()
        return time.monotonic() - self._heard_at < TOO_LATE

    def _follow(self) -> None:
        entry, before = b"", set[bytes]()
        while True:
            try:
                started = time.monotonic()
                entry = entry or changes.newest()
                changed, entry = changes.since(entry)
                if not changed and changes.order(changes.newest()) < changes.order(entry):
                    raise RedisError("another Redis, whose clock is behind")
                self._drop(changed | before)
                before, self._heard_at = changed, started
            except RedisError:
                entry, self._heard_at = b"", 0.0  # whatever was missed meanwhile: what is kept is old at once
            time.sleep(EVERY)
