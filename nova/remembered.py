"""Values that every process keeps and reads anew once in a while, without anybody waiting for it."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connections

Value = TypeVar("Value")

# The web reads anew behind its requests (nova.wsgi says so): nobody should wait for an engine that hangs. Commands,
# tasks and tests have nobody waiting, and read where they are.
in_background = False


class Remembered(Generic[Value]):
    """`read` gets the last value, or None the first time, and returns the next; what it raises the first time is the
    caller's. While one thread reads, the others go on with the last value."""

    def __init__(self, read: Callable[[Value | None], Value], *, fresh_for: float) -> None:
        self._read = read
        self._fresh_for = fresh_for  # seconds
        self._lock = threading.Lock()
        self._known: tuple[float, Value] | None = None

    def get(self) -> Value:
        known = self._known
        if known is None:
            return self._first()
        if time.monotonic() - known[0] >= self._fresh_for and self._lock.acquire(blocking=False):
            if in_background:
                threading.Thread(target=self._renew_apart, daemon=True).start()
            else:
                self._renew()
            known = self._known or known
        return known[1]

    def forget(self) -> None:
        """Have the next one read it again."""
        self._known = None

    def _first(self) -> Value:
        with self._lock:
            if self._known is None:  # another thread may have read it while this one waited
                self._known = time.monotonic(), self._read(None)
            return self._known[1]

    def _renew_apart(self) -> None:
        try:
            self._renew()
        finally:
            connections.close_all()  # those of this thread, which ends here

    def _renew(self) -> None:
        last = self._known
        try:
            if last is not None:
                self._known = time.monotonic(), self._read(last[1])
        finally:
            self._lock.release()
