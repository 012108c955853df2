"""The one place that talks to Redis, through django-redis's connection pool."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from django_redis import get_redis_connection
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

__all__ = ["Redis", "RedisError", "connection", "fail_open", "plain_key"]


def plain_key(key: str, prefix: str, version: int) -> str:
    """Django's key function that adds nothing: keys are what SPEC and runbooks call them."""
    return key


def connection() -> "Redis[bytes]":
    """A client on the shared pool: bytes in, bytes out, one second at most per call."""
    return get_redis_connection("default")  # type: ignore[no-any-return]


@contextmanager
def fail_open(what: str, **ids: Any) -> Iterator[None]:
    """Go on without Redis when it fails: it holds nothing that cannot be made again."""
    try:
        yield
    except RedisError as error:
        log.warning("redis_failed", what=what, error=type(error).__name__, **ids)
