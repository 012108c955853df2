"""Engines that are away for the length of a block, for whoever asks them in this thread or, of Redis and ClickHouse, in
this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection

from nova.clients import clickhouse, redis, redis_script
from nova.clients.clickhouse import ClickHouseError


@contextmanager
def redis_away() -> Iterator[None]:
    def refuse(*given: object) -> None:
        raise redis.RedisError("away")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(redis, "connection", refuse)
        patched.setattr(redis_script, "command", refuse)
        yield


@contextmanager
def clickhouse_away() -> Iterator[None]:
    def refuse(*given: object, **more: object) -> None:
        raise ClickHouseError("away", retryable=True)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clickhouse, "select", refuse)
        patched.setattr(clickhouse, "run", refuse)
        yield


@contextmanager
def postgresql_away() -> Iterator[None]:
    def refuse(*given: Any) -> None:
        raise OperationalError("away")

    with connection.execute_wrapper(refuse):
        yield
