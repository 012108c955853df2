"""redis-py's client with the breaker before every command and every pipeline. Chosen in settings.CACHES.

At the client and not at its connections: there a command is one call, with the connecting, logging in and retrying
that it may take, and what it is connected by (TCP, TLS, a unix socket) makes no difference.
"""

from typing import Any

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError, MaxConnectionsError, RedisError, TimeoutError

from nova import metrics
from nova.clients.guard import Guard, RefusedError


class RedisRefusedError(RefusedError, ConnectionError):
    """Redis was not asked."""


def is_away(error: BaseException) -> bool | None:
    """An error reply is an answer too. That our own pool is empty says nothing of Redis."""
    if isinstance(error, MaxConnectionsError) or not isinstance(error, RedisError):
        return None
    return isinstance(error, (ConnectionError, TimeoutError))


guard = Guard("redis", RedisRefusedError, is_away, errors=metrics.REDIS_ERRORS)


class GuardedPipeline(Pipeline):
    def execute(self, raise_on_error: bool = True) -> Any:
        with guard.call():
            return super().execute(raise_on_error)

    def immediate_execute_command(self, *args: Any, **options: Any) -> Any:
        with guard.call():
            return super().immediate_execute_command(*args, **options)


class GuardedRedis(Redis):
    def execute_command(self, *args: Any, **options: Any) -> Any:
        with guard.call():
            return super().execute_command(*args, **options)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> GuardedPipeline:
        return GuardedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
