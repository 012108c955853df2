"""What staff tuned, as every worker sees it: kept for ten seconds, so that a change is everywhere within thirty.

Redis holds a copy: a worker that starts while PostgreSQL is away must not take every stored feed for out of date.
"""

import datetime as dt
import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import structlog
from django.core import serializers
from django.db import DatabaseError

from nova.clients import redis
from nova.remembered import Remembered
from ranking.models import FeatureFlag, WeightSet

log = structlog.get_logger(__name__)
FRESH_FOR = 10.0  # seconds
FEED_FLAG = "use_new_feed_ranking"
Setting = TypeVar("Setting", WeightSet, FeatureFlag)


def key(name: str) -> str:
    return f"ranking:{name}"


def _read_weight_set() -> WeightSet:
    """Without an active set, the defaults rank."""
    return WeightSet.objects.filter(is_active=True).first() or WeightSet(name="built-in defaults")


def _read_feed_flag() -> FeatureFlag:
    return FeatureFlag.objects.filter(name=FEED_FLAG).first() or FeatureFlag(name=FEED_FLAG, percent=0)


def _with_copy(name: str, read: Callable[[], Setting]) -> Callable[[Setting | None], Setting]:
    """Reads from PostgreSQL; while it is away the last value stands, or at first the copy in Redis."""

    def read_or_copy(last: Setting | None) -> Setting:
        try:
            value = read()
        except DatabaseError:
            log.warning("settings_stale", name=name)
            standing_in: Setting | None = last or _copy(name)
            if standing_in is None:
                raise
            return standing_in
        with redis.fail_open("copy_settings"):
            redis.connection().set(key(name), serializers.serialize("json", [value]))
        return value

    return read_or_copy


def _copy(name: str) -> Any:
    with redis.fail_open("read_settings"):
        raw = redis.connection().get(key(name))
        return next(serializers.deserialize("json", raw)).object if raw else None
    return None


weight_set = Remembered(_with_copy("weight_set", _read_weight_set), fresh_for=FRESH_FOR)
feed_flag = Remembered(_with_copy("feed_flag", _read_feed_flag), fresh_for=FRESH_FOR)


def stamp(user_id: str) -> int:
    """A number that changes with what a person's feed depends on here: a feed with another one is out of date."""
    active, flag = weight_set.get(), feed_flag.get()
    return _stamp(active.pk, active.updated_at, flag.is_on_for(user_id))


@lru_cache(maxsize=64)
def _stamp(weight_set: int | None, updated_at: dt.datetime | None, is_on: bool) -> int:
    changed = int(updated_at.timestamp() * 1000) if updated_at else 0  # as exact as the copy in Redis
    return zlib.crc32(f"{weight_set} {changed} {is_on}".encode())


def forget() -> None:
    """Read everything anew the next time: for the process that made a change."""
    weight_set.forget()
    feed_flag.forget()
