"""GET /health, /health/ready, /health/live."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError
from django.db import connection as django_connection
from pytest_django import Settings
from rest_framework.test import APIClient

from nova import health, patience
from nova.clients import breaker, redis
from nova.clients.breaker import Breaker, breaker_of
from nova.clients.clickhouse import ClickHouseError
from tests.conftest import API
from tests.nova.private import silent_server

Away = Callable[..., list[str]]


@pytest.fixture
def anybody() -> APIClient:
    """Without a token."""
    return APIClient()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    """Have these engines fail and all others answer; returns a list of who was asked."""

    def set_away(*names: str) -> list[str]:
        asked: list[str] = []

        def ping(name: str) -> None:
            asked.append(name)
            if name in names:
                raise OperationalError("connection refused: password=secret")

        monkeypatch.setattr(health, "PINGS", {name: lambda n=name: ping(n) for name in health.PINGS})
        return asked

    return set_away


def test_live_touches_nothing(anybody: APIClient, away: Away, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does it ask PostgreSQL behind our back: this test has no access to the database."""

    def fail() -> None:
        raise AssertionError("asked for Redis")

    monkeypatch.setattr(redis, "connection", fail)
    asked = away("postgresql", "redis", "clickhouse")
    answer = anybody.get(f"{API}/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})
    assert asked == []


@pytest.mark.parametrize(
    ("engines_away", "status", "named"),
    [
        ([], 200, []),
        (["clickhouse"], 200, []),
        (["postgresql"], 200, ["postgresql"]),
        (["redis"], 200, ["redis"]),
        (["redis", "clickhouse"], 200, ["redis"]),
        (["postgresql", "redis"], 503, ["postgresql", "redis"]),
    ],
)
def test_ready_while_one_of_the_stores_of_feeds_and_people_answers(
    anybody: APIClient, away: Away, engines_away: list[str], status: int, named: list[str]
) -> None:
    away(*engines_away)
    answer = anybody.get(f"{API}/health/ready")
    assert answer.status_code == status
    assert answer.json() == {"status": "ready" if status == 200 else "not ready", "away": named}


def test_health_names_each_engine_with_its_latency(anybody: APIClient, engines: None) -> None:
    answer = anybody.get(f"{API}/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ok"
    assert [each["name"] for each in body["engines"]] == ["postgresql", "redis", "clickhouse"]
    for engine in body["engines"]:
        assert (engine["ok"], engine["error"]) == (True, None)
        assert engine["latency_ms"] > 0


def test_health_is_degraded_when_an_engine_is_away_and_says_which(anybody: APIClient, away: Away) -> None:
    away("clickhouse")
    answer = anybody.get(f"{API}/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert {each["name"]: each["ok"] for each in answer.json()["engines"]} == {
        "postgresql": True,
        "redis": True,
        "clickhouse": False,
    }


def test_health_tells_the_kind_of_a_failure_and_none_of_its_secrets(anybody: APIClient, away: Away) -> None:
    away("postgresql")
    answer = anybody.get(f"{API}/health")
    assert answer.json()["engines"][0]["error"] == "OperationalError"
    assert "secret" not in answer.content.decode()


@pytest.mark.parametrize(
    "error", [redis.RedisError("away"), ClickHouseError("away", retryable=True), TimeoutError(), ValueError("odd")]
)
def test_whatever_a_driver_raises_is_an_engine_that_is_away(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setitem(health.PINGS, "redis", fail)
    found = health.check("redis")
    assert (found.name, found.ok, found.error) == ("redis", False, type(error).__name__)


def test_kafka_is_an_engine_where_it_is_set_and_no_pod_waits_for_it(
    anybody: APIClient, away: Away, settings: Settings
) -> None:
    settings.KAFKA_BROKERS = "kafka:9092"
    away("kafka")
    engines = {each["name"]: each["ok"] for each in anybody.get(f"{API}/health").json()["engines"]}
    assert engines == {"postgresql": True, "redis": True, "clickhouse": True, "kafka": False}
    assert anybody.get(f"{API}/health/ready").status_code == 200


@pytest.mark.parametrize("path", ["health", "health/ready", "health/live"])
def test_health_is_not_rate_limited(
    client_of: Callable[..., APIClient], engines: None, settings: Settings, path: str
) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1
    ann = client_of("ann")
    answers = [ann.get(f"{API}/{path}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert "RateLimit-Limit" not in answers[-1]
    assert not redis.connection().exists("rate:u:ann")


@pytest.mark.parametrize("path", ["health", "health/ready", "health/live"])
def test_a_bad_token_is_no_reason_to_refuse(engines: None, path: str) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert client.get(f"{API}/{path}").status_code == 200


def opened(name: str) -> Breaker:
    """What a process has when calls to an engine fail one after the other."""
    tried = breaker_of(name)
    for _ in range(10):
        tried.tell(0, failed=True)
    return tried


def test_health_tells_what_this_process_thinks_of_each_engine(anybody: APIClient, away: Away) -> None:
    away()
    opened("clickhouse")
    engines = {each["name"]: each["breaker"] for each in anybody.get(f"{API}/health").json()["engines"]}
    assert engines == {"postgresql": "closed", "redis": "closed", "clickhouse": "open"}


def test_probes_pass_by_breakers_and_patience_and_leave_them_as_they_are(engines: None) -> None:
    for name in ("postgresql", "redis", "clickhouse"):
        opened(name)
    patience.begin()
    try:
        for name in ("postgresql", "redis", "clickhouse"):
            patience.lose(name)
        found = health.check_engines()
    finally:
        patience.end()
        breaker.reset_all()
    assert [(each.ok, each.breaker) for each in found] == [(True, "open")] * 3


@pytest.fixture
def all_silent(settings: Settings) -> Iterator[None]:
    """Engines that take connections and never answer."""
    with silent_server() as port:
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        settings.CLICKHOUSE_URL = f"clickhouse://127.0.0.1:{port}/nova"
        settings.KAFKA_BROKERS = f"127.0.0.1:{port}"
        given = django_connection.settings_dict
        known = {name: given[name] for name in ("HOST", "PORT")}
        given.update(HOST="127.0.0.1", PORT=str(port))
        yield
        given.update(known)


@pytest.mark.parametrize(("path", "status"), [("health", 200), ("health/ready", 503)])
def test_when_all_engines_hang_the_answer_comes_all_the_same(
    anybody: APIClient, all_silent: None, path: str, status: int
) -> None:
    before = threading.active_count()
    for _ in range(3):
        started = time.perf_counter()
        answer = anybody.get(f"{API}/{path}")
        assert time.perf_counter() - started < 1
        assert answer.status_code == status
    assert threading.active_count() <= before + len(health.PINGS) + 2  # Kafka's driver has its own


def test_who_asks_while_a_probe_hangs_shares_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, release = [], threading.Event()

    def hang() -> None:
        asked.append(1)
        release.wait(10)

    monkeypatch.setattr(health, "TIMEOUT", 0.05)
    monkeypatch.setitem(health.PINGS, "redis", hang)
    assert [health.check("redis").error for _ in range(5)] == ["TimeoutError"] * 5
    assert len(asked) == 1
    release.set()
    time.sleep(0.1)
    assert health.check("redis").ok
