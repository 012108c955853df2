"""Lua scripts on a connection that belongs to the thread: a third of the cost of a call through the pool.

The way of every feed: redis-py takes 70 µs for taking a connection from its pool, looking at it and putting it back.
"""

import hashlib
import os
import threading
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from hiredis import pack_command
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, TimeoutError

from nova.clients import redis
from nova.clients.redis_guarded import guard

Argument = str | bytes | int | float


# How long to wait for Redis after it did not answer in time: a hung one holds up everybody, and it takes seconds of
# that before most calls of the breaker's window have failed. Until it answers, or it is time to wait in full again.
HASTE = {"socket_timeout": 0.05, "socket_connect_timeout": 0.05}  # seconds
HASTE_LASTS = 5.0  # seconds; one who is always that slow must not be taken for hung for ever
_hasty_until = 0.0


class _Own(threading.local):
    """A thread's connection, and what it was made for."""

    connection: Any = None
    source: Any = None  # the settings
    is_hasty = False


_own = _Own()


def _disown() -> None:
    """A forked child must not speak on its parent's connections."""
    global _own
    _own = _Own()


os.register_at_fork(after_in_child=_disown)


class Script:
    """A Lua script that Redis keeps after its first run."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Argument] = ()) -> Any:
        """The script's answer: bytes and whole numbers. Raises RedisError."""
        try:
            return command("EVALSHA", self._sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return command("EVAL", self._source, len(keys), *keys, *arguments)


def command(*words: Argument) -> Any:
    """One command on this thread's connection. Raises RedisError."""
    global _hasty_until
    packed = pack_command(words)  # type: ignore[arg-type]  # its stub says one word
    permit = guard.enter()
    try:
        answer = _ask_again_if_closed(packed)
    except BaseException as error:
        if isinstance(error, TimeoutError) and not _own.is_hasty:
            _hasty_until = time.monotonic() + HASTE_LASTS
        guard.failed(permit, error)
        raise
    _hasty_until = 0.0
    guard.breaker.tell(permit, failed=False)
    return answer


def _ask_again_if_closed(packed: bytes) -> Any:
    connection = _connection()
    was_connected = connection.is_connected
    try:
        return _ask(connection, packed)
    except TimeoutError:
        raise
    except RedisConnectionError:
        if not was_connected:  # it was the connecting that failed
            raise
        return _ask(connection, packed)  # Redis was started again meanwhile; the connection is made anew


def _ask(connection: Any, packed: bytes) -> Any:
    connection.send_packed_command((packed,), check_health=False)
    return connection.read_response(disable_decoding=True)


def _connection() -> Any:
    """This thread's, like those of the pool."""
    is_hasty = time.monotonic() < _hasty_until
    if _own.source is not settings.CACHES or _own.is_hasty != is_hasty:
        if _own.connection is not None:
            _own.connection.disconnect()
        pool = redis.connection().connection_pool
        _own.source, _own.is_hasty = settings.CACHES, is_hasty
        _own.connection = pool.connection_class(**pool.connection_kwargs | (HASTE if is_hasty else {}))
    return _own.connection
