"""Lists on their way: made by the scheduler, published in Redis, held in memory by every web worker.

Under its name a list lives as long as it is fresh, under `name:last` for a week: an old list with its time in it is
better than none. A worker looks once a second whether there is a newer one.
"""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import orjson
import structlog
from django.db import DatabaseError
from django.utils import timezone

from nova.clients import redis
from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from nova.errors import EngineAwayError
from trending import curations, growth, kept, lists
from trending.kinds import HASHTAG, SOUND

log = structlog.get_logger(__name__)
Content = dict[str, Any]
LOOK_EVERY = 1.0  # seconds
RETRY_AFTER = 2.0  # seconds, where nothing could be had
KEPT = 7 * 24 * 3600
LONGEST_BUILD = 300  # seconds: then a lock is anybody's again
WAIT_FOR_BUILD = 5.0


class Published:
    """One list: `build` makes it, `fresh_for` seconds it is fresh."""

    def __init__(self, name: str, fresh_for: int, build: Callable[[], Content], *, is_kept: bool) -> None:
        self.name, self.fresh_for = name, fresh_for
        self._build, self._kept = build, is_kept
        self._lock = threading.Lock()
        self.forget()

    def current(self) -> Content:
        """The newest there is. Builds one when none was published. Raises EngineAwayError when that fails."""
        content = self._content
        if content is not None and self._has_looked():
            return content
        # Who has a list does not wait for the one thread that looks for a newer.
        if self._lock.acquire(blocking=content is None):
            try:
                self._look()
            finally:
                self._lock.release()
        if self._content is None:
            raise EngineAwayError
        return self._content

    def refresh(self) -> bool:
        """Build and publish; False when another process is at it. Raises ClickHouseError, DatabaseError, RedisError."""
        lock = self._building()
        if not lock.acquire(blocking=False):
            return False
        try:
            self.publish(self._build())
        finally:
            _release(lock)
        return True

    def publish(self, content: Content) -> None:
        """For everybody, and for a Redis that comes back empty. Raises RedisError."""
        raw = orjson.dumps(content)
        self._to_redis(raw)
        self._keep(raw)

    def _to_redis(self, raw: bytes) -> None:
        version = uuid.uuid4().hex.encode()
        pipeline = redis.connection().pipeline(transaction=True)
        pipeline.set(self.name, raw, ex=self.fresh_for)
        pipeline.set(f"{self.name}:last", raw, ex=KEPT)
        pipeline.set(f"{self.name}:version", version, ex=KEPT)
        pipeline.execute()

    def is_fresh(self) -> bool:
        """Raises RedisError."""
        return bool(redis.connection().exists(self.name))

    def last(self) -> Content | None:
        """What was published last. Raises RedisError."""
        raw = redis.connection().get(f"{self.name}:last")
        return orjson.loads(raw) if raw else None

    def forget(self) -> None:
        """What this process holds."""
        self._content: Content | None = None
        self._version: bytes | None = None
        self._looked_at = self._made_at = float("-inf")

    def _has_looked(self) -> bool:
        wait = LOOK_EVERY if self._content is not None else RETRY_AFTER
        return time.monotonic() - self._looked_at < wait

    def _look(self) -> None:
        if self._has_looked():
            return  # another thread just did
        try:
            found = self._read() or self._when_nothing_is_published()
        except RedisError as error:
            log.warning("trending_without_redis", error=type(error).__name__)
            found = self._without_redis()
        if found is not None:
            self._content, self._made_at = found, time.monotonic()
        self._looked_at = time.monotonic()

    def _read(self) -> Content | None:
        """What is published, if it is another than ours."""
        version = redis.connection().get(f"{self.name}:version")
        if version is None or version == self._version:
            return None
        content = self.last()
        self._version = version if content else self._version
        return content

    def _when_nothing_is_published(self) -> Content | None:
        """One process makes the first list, others wait for it. Raises RedisError."""
        if self._content is not None:
            return None
        lock = self._building()
        if lock.acquire(blocking_timeout=WAIT_FOR_BUILD):
            try:
                return self._read() or self._made(self._to_redis)
            finally:
                _release(lock)
        return self._read()

    def _without_redis(self) -> Content | None:
        """Our own copy while it is fresh, then a new one."""
        is_old = time.monotonic() - self._made_at > self.fresh_for
        return self._made() if self._content is None or is_old else None

    def _made(self, show: Callable[[bytes], None] = lambda raw: None) -> Content | None:
        """The list ClickHouse keeps, if it is fresh, or a new one; None when engines are away."""
        try:
            raw = kept.load(self.name, self.fresh_for) if self._kept else None
            if raw is None:
                raw = orjson.dumps(self._build())
                self._keep(raw)
        except (ClickHouseError, DatabaseError) as error:
            log.warning("trending_not_built", name=self.name, error=str(error))
            return None
        show(raw)
        return orjson.loads(raw)

    def _keep(self, raw: bytes) -> None:
        if self._kept:
            kept.store(self.name, raw)

    def _building(self) -> Any:
        return redis.connection().lock(f"{self.name}:building", timeout=LONGEST_BUILD)


def _release(lock: Any) -> None:
    """A lock that ran out, or a Redis that went away, is no failure of what was done under it."""
    with redis.fail_open("release_lock"):
        lock.release()


def _lists(kind: Any) -> Callable[[], Content]:
    """With the pins and blocks of that moment, for workers that start while PostgreSQL is away."""

    def build() -> Content:
        content = lists.build(kind, timezone.now())
        return content | {"curations": [list(rule) for rule in curations.current([])]}

    return build


sounds = Published("trending:sounds", 300, _lists(SOUND), is_kept=True)
hashtags = Published("trending:hashtags", 300, _lists(HASHTAG), is_kept=True)
# Not kept in ClickHouse: these are people, and Redis is where an erasure looks for them.
creators = Published("trending:creators", 3600, lambda: growth.build(timezone.now()), is_kept=False)
