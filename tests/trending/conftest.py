from collections.abc import Callable, Iterator

import pytest

from nova.clients import clickhouse, redis
from nova.clients.clickhouse import ClickHouseError
from trending import publishing, serving


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """This process holds no list, answer or rule of an earlier test."""
    forget()
    yield
    forget()


def forget() -> None:
    for each in (publishing.sounds, publishing.hashtags, publishing.creators):
        each.forget()
    serving.forget()


@pytest.fixture
def take_redis_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def away() -> None:
        raise redis.RedisError("away")

    return lambda: monkeypatch.setattr(redis, "connection", away)


@pytest.fixture
def take_clickhouse_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def away(*given: object, **more: object) -> None:
        raise ClickHouseError("away", retryable=True)

    def take() -> None:
        for name in ("select", "run", "insert"):
            monkeypatch.setattr(clickhouse, name, away)

    return take
