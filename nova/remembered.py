"""What staff tuned, as every worker sees it: kept for ten seconds, so that a change is everywhere within thirty."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog
from django.db import DatabaseError

log = structlog.get_logger(__name__)
FRESH_FOR = 10.0  # seconds
Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """A value that is read again when it is older than FRESH_FOR; the last one stays while PostgreSQL is away."""

    def __init__(self, read: Callable[[], Value]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._known: tuple[float, Value] | None = None

    def get(self) -> Value:
        known = self._fresh()
        if known:
            return known[1]
        with self._lock:
            known = self._fresh()  # another thread may have read it while this one waited
            return known[1] if known else self._refresh()

    def forget(self) -> None:
        self._known = None

    def _fresh(self) -> tuple[float, Value] | None:
        known = self._known
        return known if known and time.monotonic() - known[0] < FRESH_FOR else None

    def _refresh(self) -> Value:
        last = self._known
        try:
            value = self._read()
        except DatabaseError:
            if last is None:
                raise
            log.warning("settings_stale")
            value = last[1]
        self._known = time.monotonic(), value
        return value
