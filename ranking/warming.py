"""Warming: the feeds of the most active people, built ahead, as after a deployment or before a campaign."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from django.utils import timezone

from nova.clients import clickhouse, redis
from ranking import renewing

MOST_USERS, LARGEST_BATCH = 100_000, 100
DEFAULT_USERS, DEFAULT_BATCH = 1_000, 10
REPORT_LIFETIME = 24 * 3600
MOST_ACTIVE = """
SELECT user_id FROM user_watch_history_realtime WHERE watched_at > now() - INTERVAL 7 DAY
GROUP BY user_id ORDER BY count() DESC, user_id LIMIT %(limit)s
"""


def most_active(limit: int) -> list[str]:
    """Who watched most in a week. Raises ClickHouseError."""
    return [user_id for (user_id,) in clickhouse.select(MOST_ACTIVE, {"limit": limit}, timeout=30)]


def warm(people: Sequence[str], batch_size: int, progress: Callable[[int], object]) -> int:
    """Build the feeds of these people; `progress` hears of each batch how many people it had. Returns how many were
    built. Raises RedisError and DatabaseError."""
    built = 0
    for start in range(0, len(people), batch_size):
        batch = people[start : start + batch_size]
        built += renewing.renew_many(batch)
        progress(len(batch))
    return built


class Report:
    """What became of a warm-up, in Redis, for whoever asked for it."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        self._known: dict[str, Any] = {"task_id": task_id, "done": 0, "total": 0, "built": 0, "error": None}

    def queued(self) -> None:
        """Raises RedisError."""
        self._write("queued", nx=True)  # the worker may have begun already

    def running(self, total: int) -> None:
        self._known["total"] = total
        self._write("running")

    def progress(self, people: int) -> None:
        self._known["done"] += people
        self._write("running")

    def done(self, built: int) -> None:
        self._known["built"] = built
        self._write("done")

    def failed(self, error: str) -> None:
        self._known["error"] = error
        self._write("failed")

    def _write(self, state: str, *, nx: bool = False) -> None:
        report = self._known | {"state": state, "updated_at": _now()}
        redis.connection().set(_key(self.task_id), orjson.dumps(report), ex=REPORT_LIFETIME, nx=nx)


def report_of(task_id: str) -> dict[str, Any] | None:
    """Raises RedisError."""
    raw = redis.connection().get(_key(task_id)) if _is_task_id(task_id) else None
    return orjson.loads(raw) if raw else None


def _is_task_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _key(task_id: str) -> str:
    return f"warmup:{task_id}"


def _now() -> str:
    return timezone.now().astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
