"""The one place that talks to Redis, through django-redis's connection pool."""

from types import TracebackType
from typing import Any, Self

import structlog
from django_redis import get_redis_connection
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

__all__ = ["RedisError", "connection", "fail_open", "plain_key"]


def plain_key(key: str, prefix: str, version: int) -> str:
    """Django's key function that adds nothing: keys are what the runbook calls them."""
    return key


def connection() -> Any:
    """A client on the shared pool: bytes in, bytes out, a second at most per call.

    Untyped, because redis-py's own types say that every reply may be a string.
    """
    return get_redis_connection("default")


class fail_open:  # noqa: N801 - reads as a statement: `with fail_open("read_feed"):`
    """Go on behind the block without Redis when it fails: it holds nothing that cannot be made again."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, RedisError):
            return False
        log.warning("redis_failed", what=self.what, error=type(error).__name__)
        return True
