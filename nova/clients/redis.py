"""The one place that talks to Redis, through django-redis's connection pool."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import structlog
from django.conf import settings
from django_redis import get_redis_connection
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from nova.clients.redis_guarded import RedisRefusedError

log = structlog.get_logger(__name__)

__all__ = ["RedisError", "RedisRefusedError", "alone", "connection", "fail_open", "ping", "plain_key"]


def plain_key(key: str, prefix: str, version: int) -> str:
    """Django's key function that adds nothing: keys are what the runbook calls them."""
    return key


def connection() -> Any:
    """A client on the shared pool: bytes in, bytes out. Waits as long as settings.CACHES says, and once.

    A connection that died while it lay in the pool is replaced when it is taken out. A command that was sent is not
    sent again by itself: it may have been carried out. Untyped, because redis-py's own types say that every reply
    may be a string.
    """
    return get_redis_connection("default")


def ping(timeout: float) -> None:
    """On a connection of its own, whatever the breaker thinks. Raises RedisError."""
    options: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    with Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0), **options) as client:
        client.ping()


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
        if not isinstance(error, RedisRefusedError):  # that Redis is away was logged when it was found out
            log.warning("redis_failed", what=self.what, error=type(error).__name__)
        return True


UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"


@contextmanager
def alone(name: str, *, seconds: int) -> Iterator[bool]:
    """Whether nobody else is inside a block of this name, on any machine; whoever dies in it is out after so many
    seconds. Raises RedisError."""
    token = secrets.token_hex(8)
    is_alone = bool(connection().set(f"lock:{name}", token, nx=True, ex=seconds))
    try:
        yield is_alone
    finally:
        if is_alone:
            with fail_open("unlock"):
                connection().eval(UNLOCK, 1, f"lock:{name}", token)
