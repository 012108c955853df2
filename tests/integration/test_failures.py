"""Each engine hangs, and each is killed, while people go on: what they get meanwhile, and how soon all is well."""

import json
import os
import re
import shutil
import signal
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from reels.cards import EMPTY_FOR
from tests.apache_kafka import ApacheKafka
from tests.benchmarks.report import percentile, say
from tests.integration.crowd import Answer, Crowd, slowest
from tests.integration.running import Nova, wait_for

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600), pytest.mark.xdist_group("failures")]
VIDEOS, REGULARS, STRANGERS = 300, 24, 400
CALM, OUTAGE, RECOVERY = 6.0, 25.0, 15.0  # seconds
LONGEST = 2.0  # seconds that any answer may take
ENGINES = {"redis": "redis-server", "postgresql": "bin/postgres", "clickhouse": "clickhouse_server"}
WORKER = "celery -A nova worker"
# What likes and watches are answered with while an engine is away. With Kafka, watches go there without PostgreSQL.
LIKES = {"redis": {200}, "clickhouse": {200}, "worker": {200}, "kafka": {200}, "postgresql": {503}}
WATCHES = {"redis": {202}, "clickhouse": {202}, "worker": {202}, "kafka": {202}, "postgresql": {503}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("failures")


@pytest.fixture(scope="module")
def nova(folder: Path) -> Iterator[Nova]:
    yield from running(folder / "var", {})


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[ApacheKafka]:
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            pytest.skip(f"Apache Kafka needs {tool}")
    server = ApacheKafka(folder)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def nova_with_kafka(folder: Path, broker: ApacheKafka) -> Iterator[Nova]:
    yield from running(folder / "var-kafka", {"KAFKA_BROKERS": broker.address})


def running(var: Path, variables: dict[str, str]) -> Iterator[Nova]:
    nova = Nova(var, "--no-limit", "--no-demo", variables=variables)
    try:
        nova.wait_until_ready()
        load_videos(nova)
        yield nova
    finally:
        nova.stop()


def load_videos(nova: Nova) -> None:
    path = nova.var / "videos.jsonl"
    lines = (
        {"id": str(uuid.UUID(int=number + 1)), "creator_id": f"cook-{number % 40}", "title": f"Soup {number}",
         "created_at": "2026-11-01T00:00:00Z"}
        for number in range(VIDEOS)
    )  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert nova.manage("import_catalogue", str(path)).returncode == 0
    assert nova.manage("refresh_signals").returncode == 0
    time.sleep(EMPTY_FOR + 1)  # until then the cards of new videos are not kept in Redis


@contextmanager
def crowd_of(nova: Nova, name: str) -> Iterator[Crowd]:
    people = [f"{name}-{number}" for number in range(REGULARS)]
    strangers = [f"{name}-stranger-{number}" for number in range(STRANGERS)]
    tokens = nova.token(*people, *strangers, "--ttl", "3600").split()
    videos = [str(uuid.UUID(int=number + 1)) for number in range(VIDEOS)]
    crowd = Crowd(nova.port, tokens[:REGULARS], tokens[REGULARS:], videos)
    crowd.start()
    try:
        yield crowd
    finally:
        crowd.stop()


@contextmanager
def hung(nova: Nova, part_of_command: str) -> Iterator[None]:
    """Stopped: it takes connections and says nothing. With all that it started: backends, pool processes."""
    engine = nova.engine(part_of_command)
    assert engine
    processes = [engine, *engine.children(recursive=True)]
    signal_all(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_all(processes, signal.SIGCONT)


@contextmanager
def killed(nova: Nova, part_of_command: str) -> Iterator[None]:
    """Dead, and whoever would start it again is kept from it."""
    engine = nova.engine(part_of_command)
    assert engine
    processes = [engine, *engine.children(recursive=True)]
    nova.process.send_signal(signal.SIGSTOP)
    try:
        signal_all(processes, signal.SIGKILL)
        yield
    finally:
        nova.process.send_signal(signal.SIGCONT)


def signal_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    for each in processes:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            os.kill(each.pid, number)


@pytest.mark.parametrize("how", [hung, killed])
@pytest.mark.parametrize("engine", ENGINES)
def test_feeds_go_on_without_an_engine_and_all_is_well_soon_after(nova: Nova, engine: str, how: object) -> None:
    with crowd_of(nova, f"{engine}-{how.__name__}") as crowd:  # type: ignore[attr-defined]
        calm(crowd)
        with how(nova, ENGINES[engine]):  # type: ignore[operator]
            away, states = endure(nova, engine)
        back = time.monotonic()
        recover(nova, crowd)
    check(crowd, engine, away, back)
    assert "2.0" in states, "the breaker never opened"


@pytest.mark.parametrize("how", [hung, killed])
def test_the_api_does_not_need_the_worker(nova: Nova, how: object) -> None:
    with crowd_of(nova, f"worker-{how.__name__}") as crowd:  # type: ignore[attr-defined]
        calm(crowd)
        with how(nova, WORKER):  # type: ignore[operator]
            away = time.monotonic()
            time.sleep(OUTAGE)
            assert outbox_size(nova) > 0
        back = time.monotonic()
        recover(nova, crowd)
    check(crowd, "worker", away, back)
    wait_for(lambda: outbox_size(nova) == 0, RECOVERY)


@pytest.mark.parametrize("how", ["hung", "killed"])
def test_without_kafka_events_wait_in_the_outbox(nova_with_kafka: Nova, broker: ApacheKafka, how: str) -> None:
    with crowd_of(nova_with_kafka, f"kafka-{how}") as crowd:
        calm(crowd)
        away = time.monotonic()
        if how == "hung":
            broker.hang()
        else:
            broker.kill()
        time.sleep(OUTAGE)
        assert outbox_size(nova_with_kafka) > 0
        if how == "hung":
            broker.go_on()
        else:
            broker.start()
        back = time.monotonic()
        recover(nova_with_kafka, crowd)
    check(crowd, "kafka", away, back)
    wait_for(lambda: outbox_size(nova_with_kafka) == 0, 60)


def test_without_postgresql_watches_go_straight_to_kafka(nova_with_kafka: Nova) -> None:
    with crowd_of(nova_with_kafka, "direct") as crowd:
        calm(crowd)
        with hung(nova_with_kafka, ENGINES["postgresql"]):
            away, _ = endure(nova_with_kafka, "postgresql")
        back = time.monotonic()
        recover(nova_with_kafka, crowd)
    check(crowd, "postgresql", away, back, watches={202})


def calm(crowd: Crowd) -> None:
    """Everybody has had answers, and good ones."""
    time.sleep(CALM)
    assert {each.status for each in crowd.answers()} == {200, 202}


def endure(nova: Nova, engine: str) -> tuple[float, set[str]]:
    """Wait through the outage; returns when it began, and the states of the engine's breaker that the metrics told."""
    away, states = time.monotonic(), set[str]()
    while time.monotonic() < away + OUTAGE:
        time.sleep(1)
        states |= breaker_states(nova, engine)
    return away, states


def breaker_states(nova: Nova, engine: str) -> set[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{nova.port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    return set(re.findall(rf'circuit_breaker_state{{[^}}]*engine="{engine}"[^}}]*}} (\S+)', text))


def recover(nova: Nova, crowd: Crowd) -> None:
    """The time in which all must be well, and some more in which it is."""
    back = time.monotonic()
    time.sleep(RECOVERY + 4)
    status, health = nova.request("GET", "/health", "")
    assert (status, health["status"]) == (200, "ok"), health
    assert {each["breaker"] for each in health["engines"]} == {"closed"}, health
    after = crowd.answers(since=back + RECOVERY)
    assert {each.status for each in after} == {200, 202}
    assert {each.what for each in after} == {"feed", "like", "watch"}


def check(crowd: Crowd, engine: str, away: float, back: float, watches: set[int] | None = None) -> None:
    feeds, during = crowd.answers("feed"), crowd.answers("feed", since=away, until=back)
    report(engine, crowd, away, back)
    assert {each.status for each in feeds} == {200}
    assert slowest(crowd.answers()) < LONGEST
    if engine == "redis":
        assert percentile([each.seconds for each in during], 0.95) < 0.3
    assert statuses_while_away(crowd, "like", away, back) == LIKES[engine]
    assert statuses_while_away(crowd, "watch", away, back) == (watches or WATCHES[engine])
    refused = [each for each in crowd.answers() if each.status == 503]
    assert all(each.retry_after for each in refused)
    assert all(each.began < back + RECOVERY for each in refused)


def statuses_while_away(crowd: Crowd, what: str, away: float, back: float) -> set[int]:
    """Without what was under way when the engine went, and what waited for it when it came back: that may be lucky."""
    answers = crowd.answers(what, since=away + 3, until=back)
    return {each.status for each in answers if each.began + each.seconds < back}


def report(engine: str, crowd: Crowd, away: float, back: float) -> None:
    """For the log: figures beside the verdict."""
    during = crowd.answers("feed", since=away, until=back)
    troubled = [each for each in crowd.answers(since=back) if each.status not in {200, 202} or each.seconds > 1]
    times = [each.seconds for each in during]
    say(
        f"{engine}: {len(during)} feeds meanwhile, p50 {percentile(times, 0.5) * 1000:.0f} ms, "
        f"p95 {percentile(times, 0.95) * 1000:.0f} ms, slowest answer of all {slowest(crowd.answers()):.2f} s, "
        f"caches {sorted({each.cache for each in during})}, last trouble {last(troubled, back):.1f} s after its return"
    )


def last(troubled: list[Answer], back: float) -> float:
    return max((each.began - back for each in troubled), default=0.0)


def outbox_size(nova: Nova) -> int:
    import psycopg

    from nova import environment

    with psycopg.connect(environment.read(nova.var / "development.env")["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT count(*) FROM engagement_outboxevent").fetchone()
        return row[0] if row else 0
