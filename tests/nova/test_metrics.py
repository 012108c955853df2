"""/metrics: what is counted, and who may read it."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from nova import environment, metrics
from nova.management.commands.up import empty_folder, processes
from nova.views import is_private

NAMES = [
    'circuit_breaker_state{engine="redis"} 0.0',
    "redis_errors_total",
    "clickhouse_query_errors_total",
    "rate_limited_total",
    "feed_cache_hits_total",
    "feed_cache_misses_total",
    "feed_cache_stale_total",
]


def test_every_name_is_there_from_the_start(client: Client) -> None:
    answer = client.get("/metrics")
    assert (answer.status_code, answer["Content-Type"].split(";")[0]) == (200, "text/plain")
    for name in NAMES:
        assert name in answer.content.decode()


def test_a_histogram_appears_with_its_first_observation(client: Client) -> None:
    metrics.FEED_SECONDS.labels("false", "cold").observe(0.004)
    bucket = 'feed_generation_duration_seconds_bucket{cache_hit="false",le="0.005",user_segment="cold"}'
    assert bucket in client.get("/metrics").content.decode()


INSIDE = "127.0.0.1 10.1.2.3 172.31.255.255 192.168.0.9 169.254.1.1 ::1 fd00::7 fe80::1%eth0 ::ffff:10.0.0.1"


@pytest.mark.parametrize("address", INSIDE.split())
def test_private_addresses_may_read_it(client: Client, address: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 200


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "100.64.0.1", "2001:4860::8888", "::ffff:8.8.8.8", "0.0.0.0", "", "nonsense"]
)
def test_nobody_else_may(client: Client, address: str) -> None:
    answer = client.get("/metrics", REMOTE_ADDR=address)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert answer["Content-Type"] == "application/problem+json"
    assert not is_private(address)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_what_came_through_a_proxy_came_from_outside(client: Client, header: str) -> None:
    answer = client.get("/metrics", headers={header: "127.0.0.1"}, REMOTE_ADDR="10.0.0.1")
    assert answer.status_code == 403


def test_prometheus_asks_by_address_and_without_tls(settings: object, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]
    assert client.get("/metrics", headers={"Host": "10.1.2.3:8000"}).status_code == 200


def test_no_token_is_asked_for() -> None:
    stranger = APIClient()
    stranger.credentials(HTTP_AUTHORIZATION="Bearer nonsense")
    assert stranger.get("/metrics").status_code == 200


WORKER = textwrap.dedent("""
    import sys, time
    from nova import metrics
    metrics.RATE_LIMITED.inc(int(sys.argv[1]))
    metrics.BREAKER_STATE.labels("redis").set(int(sys.argv[2]))
    print(metrics.exposition().decode() if sys.argv[3:] else "ready", flush=True)
    if not sys.argv[3:]:
        time.sleep(60)
""")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A process that counts requests and has a breaker in some state, beside others."""
    children: list[subprocess.Popen[str]] = []

    def make(*arguments: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments],
            cwd=environment.BASE_DIR,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield make
    for child in children:
        child.kill()
        child.communicate()


def test_whichever_worker_is_asked_answers_for_all(start: Callable[..., subprocess.Popen[str]]) -> None:
    worker = start("2", "2")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    said = start("3", "0", "show").communicate(timeout=30)[0]
    assert "rate_limited_total 5.0" in said
    assert 'circuit_breaker_state{engine="redis"} 2.0' in said


def test_the_breakers_of_a_worker_that_died_are_forgotten_and_its_counts_are_not(
    start: Callable[..., subprocess.Popen[str]],
) -> None:
    worker = start("2", "2")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    said = start("3", "0", "show").communicate(timeout=30)[0]
    assert "rate_limited_total 5.0" in said
    assert 'circuit_breaker_state{engine="redis"} 0.0' in said


def test_the_web_alone_shares_its_metrics_and_starts_with_none(tmp_path: Path) -> None:
    folder = empty_folder(tmp_path / "run" / "metrics")
    (folder / "counter_1.db").touch()
    by_name = {each.name: each.environment for each in processes(8000, 2, tmp_path)}
    assert by_name["web"] == {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    assert not by_name["worker"]
    assert list(folder.iterdir()) == []
