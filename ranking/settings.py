"""What staff tuned, as every worker sees it: kept for ten seconds, so that a change is everywhere within thirty."""

import threading
import time
import zlib
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog
from django.db import DatabaseError

from ranking.models import FeatureFlag, WeightSet

log = structlog.get_logger(__name__)
FRESH_FOR = 10.0  # seconds
FEED_FLAG = "use_new_feed_ranking"
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


def _read_weight_set() -> WeightSet:
    """Without an active set, the defaults rank."""
    return WeightSet.objects.filter(is_active=True).first() or WeightSet(name="built-in defaults")


def _read_feed_flag() -> FeatureFlag:
    return FeatureFlag.objects.filter(name=FEED_FLAG).first() or FeatureFlag(name=FEED_FLAG, percent=0)


weight_set = Remembered(_read_weight_set)
feed_flag = Remembered(_read_feed_flag)


def stamp(user_id: str) -> int:
    """A number that changes with what a person's feed depends on here: a feed with another one is out of date."""
    active, flag = weight_set.get(), feed_flag.get()
    return zlib.crc32(f"{active.pk} {active.updated_at} {flag.is_on_for(user_id)}".encode())


def forget() -> None:
    """Read everything anew the next time: for the process that made a change."""
    weight_set.forget()
    feed_flag.forget()
