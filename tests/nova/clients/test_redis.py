"""Redis that hangs, goes and comes back; and what is no reason to leave it alone."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django_redis.pool import ConnectionFactory
from prometheus_client import REGISTRY
from pytest_django import Settings
from redis.exceptions import ResponseError

from nova import patience
from nova.clients import redis
from nova.clients.breaker import State
from nova.clients.redis import RedisError, RedisRefusedError
from nova.clients.redis_guarded import guard
from nova.engines import redis as engine
from tests.nova.private import PrivateEngine, running, silent_server

ANSWER, PAUSE = 0.25, 0.3


def use(settings: Settings, url: str, timeout: float = ANSWER) -> None:
    """Have the cache and everything on it talk to that Redis; pytest-django puts the old one back."""
    options = settings.CACHES["default"]["OPTIONS"] | {"SOCKET_CONNECT_TIMEOUT": timeout, "SOCKET_TIMEOUT": timeout}
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": url, "OPTIONS": options}}
    settings.REDIS_URL = url


@pytest.fixture
def own(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateEngine]:
    monkeypatch.setattr(guard.breaker, "_pause", PAUSE)
    with running(engine.engine, tmp_path) as private:
        use(settings, private.variables["REDIS_URL"])
        yield private
        ConnectionFactory._pools.pop(private.variables["REDIS_URL"]).disconnect()
    del caches["default"]


@pytest.fixture
def silent(settings: Settings) -> Iterator[None]:
    """A Redis that takes connections and never answers."""
    with silent_server() as port:
        use(settings, f"redis://127.0.0.1:{port}/0")
        yield
    del caches["default"]


def seconds_to_fail(kind: type[Exception] = RedisError) -> float:
    started = time.perf_counter()
    with pytest.raises(kind):
        redis.connection().get("name")
    return time.perf_counter() - started


def test_a_redis_that_never_answers_costs_one_timeout(silent: None) -> None:
    assert ANSWER <= seconds_to_fail() < 1.9 * ANSWER


def test_within_a_request_it_costs_that_once(silent: None) -> None:
    patience.begin()
    try:
        assert seconds_to_fail() < 1.9 * ANSWER
        assert seconds_to_fail(RedisRefusedError) < 0.05
        pipeline = redis.connection().pipeline(transaction=False)
        pipeline.get("name")
        with pytest.raises(RedisRefusedError):
            pipeline.execute()
    finally:
        patience.end()


def test_failing_open_holds_for_what_is_refused(silent: None) -> None:
    patience.begin()
    try:
        reached = []
        for _ in range(2):
            with redis.fail_open("test"):
                redis.connection().get("name")
                reached.append("behind")
        assert reached == []
    finally:
        patience.end()


def test_a_redis_that_hangs_is_left_alone_and_found_again(own: PrivateEngine) -> None:
    redis.connection().set("name", "value")
    own.hang()
    assert all(ANSWER <= seconds_to_fail() < 2.9 * ANSWER for _ in range(9))  # once, not once per retry
    assert guard.breaker.state is State.OPEN
    assert seconds_to_fail(RedisRefusedError) < 0.05
    own.go_on()
    time.sleep(PAUSE)
    assert redis.connection().get("name") == b"value"
    assert guard.breaker.state is State.CLOSED


def test_a_restart_fails_no_call(own: PrivateEngine) -> None:
    pipeline = redis.connection().pipeline(transaction=False)
    assert redis.connection().ping()
    own.restart()
    pipeline.ping()
    assert pipeline.execute() == [True]
    own.restart()
    assert redis.connection().ping()


def test_a_redis_that_is_gone_opens_the_breaker(own: PrivateEngine) -> None:
    own.hang()
    own.supervisor.stop()
    for _ in range(10):
        assert seconds_to_fail() < ANSWER
    assert guard.breaker.state is State.OPEN
    own.supervisor.start([own.engine.process])


def test_error_replies_open_nothing(engines: None) -> None:
    redis.connection().set("name", "no number")
    for _ in range(50):
        with pytest.raises(ResponseError):
            redis.connection().incr("name")
    assert guard.breaker.state is State.CLOSED


def test_errors_and_refusals_are_counted(silent: None) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("redis_errors_total") or 0

    before = count()
    patience.begin()
    try:
        seconds_to_fail()
        seconds_to_fail()
    finally:
        patience.end()
    assert count() == before + 2


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("redis://:secret@redis.internal:6379/3", "Connection"),
        ("rediss://:secret@redis.internal:6380/3", "SSLConnection"),
        ("unix:///run/redis.sock?db=3", "UnixDomainSocketConnection"),
    ],
)
def test_every_kind_of_address_keeps_its_kind_of_connection(settings: Settings, url: str, kind: str) -> None:
    use(settings, url)
    client: Any = redis.connection()
    assert client.connection_pool.connection_class.__name__ == kind
    assert client.connection_pool.connection_kwargs["socket_timeout"] == ANSWER
    ConnectionFactory._pools.pop(url)
    del caches["default"]
