"""Everything is killed, twice over, while people go on: what was acknowledged is there once, everywhere."""

import json
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import redis
from clickhouse_driver import Client

from nova import environment
from tests.apache_kafka import ApacheKafka
from tests.integration.running import Nova, wait_for
from tests.integration.writers import Writer

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900), pytest.mark.xdist_group("kills")]
EVENTS = 20_000
WRITERS = 4
PEOPLE = 24
VIDEOS = 60
# Parts of command lines. "web worker" is a child of the web server, the others are children of `up`.
VICTIMS = {
    "web worker": "",
    "web": "nova.web",
    "Celery worker": "celery -A nova worker",
    "consumer": "manage.py consume_engagement",
    "Redis": "redis-server",
    "PostgreSQL": "bin/postgres",
    "ClickHouse server": "clickhouse_server",
    "Kafka broker": "",
}


@pytest.fixture(params=["with Kafka", "without Kafka"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ApacheKafka | None]:
    if request.param == "without Kafka":
        yield None
        return
    for tool in ("java", "mvn"):
        if not shutil.which(tool):
            pytest.skip(f"Apache Kafka needs {tool}")
    server = ApacheKafka(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nova(broker: ApacheKafka | None, tmp_path: Path) -> Iterator[Nova]:
    variables = {"KAFKA_BROKERS": broker.address} if broker else {}
    running = Nova(tmp_path / "var", "--no-limit", "--no-demo", variables=variables)
    try:
        running.wait_until_ready()
        yield running
    finally:
        running.stop()


@pytest.fixture
def videos(nova: Nova, tmp_path: Path) -> list[str]:
    ids = [str(uuid.uuid4()) for _ in range(VIDEOS)]
    lines = [
        {"id": each, "creator_id": f"cook-{at % 7}", "title": "Soup", "created_at": "2026-11-01T00:00:00Z"}
        for at, each in enumerate(ids)
    ]
    path = tmp_path / "videos.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert nova.manage("import_catalogue", str(path)).returncode == 0
    return ids


@pytest.fixture
def writers(nova: Nova, videos: list[str]) -> list[Writer]:
    people = [f"person-{number}" for number in range(PEOPLE)]
    tokens = dict(zip(people, nova.token(*people, "--ttl", "7200").split(), strict=True))
    shares = [dict(list(tokens.items())[number::WRITERS]) for number in range(WRITERS)]
    return [Writer(nova.port, own, videos, EVENTS // WRITERS, seed) for seed, own in enumerate(shares)]


class Engines:
    """The running engines, asked directly."""

    def __init__(self, nova: Nova) -> None:
        self.urls = environment.read(nova.var / "development.env")

    def clickhouse(self, sql: str) -> list[Any]:
        client = Client.from_url(self.urls["CLICKHOUSE_URL"])
        try:
            return client.execute(sql)
        finally:
            client.disconnect()

    def postgres(self, sql: str) -> list[Any]:
        with psycopg.connect(self.urls["DATABASE_URL"]) as connection:
            return connection.execute(sql).fetchall()

    def counters(self, videos: list[str], kind: str) -> list[int]:
        with redis.Redis.from_url(self.urls["REDIS_URL"]) as client:
            return [int(each or -1) for each in client.mget([f"video:{video}:{kind}" for video in videos])]


def test_every_acknowledged_event_is_there_once_whatever_is_killed(
    nova: Nova, broker: ApacheKafka | None, videos: list[str], writers: list[Writer]
) -> None:
    for writer in writers:
        writer.start()
    for name in [*VICTIMS, *VICTIMS]:
        kill(nova, broker, name)
    assert any(writer.is_alive() for writer in writers), "the writers were done before the killing was"
    for writer in writers:
        writer.pause = 0
    for writer in writers:
        writer.join(300)
        assert not writer.is_alive()
    engines = Engines(nova)
    wait_for(lambda: arrived(engines) >= EVENTS, 120)
    wait_for(lambda: engines.postgres("SELECT count(*) FROM engagement_outboxevent") == [(0,)], 60)
    time.sleep(5)  # whatever would come twice has come by now
    assert sum(writer.acknowledged for writer in writers) == EVENTS
    check_events(engines, writers)
    check_aggregates(engines, writers)
    check_counters(nova, engines, writers, videos)


def kill(nova: Nova, broker: ApacheKafka | None, name: str) -> None:
    """kill -9, and wait until it is well again."""
    if name == "Kafka broker":
        restart(broker)
        return
    victim = web_worker(nova) if name == "web worker" else nova.engine(VICTIMS[name])
    if victim is None:
        assert name == "consumer"  # there is none without Kafka
        return
    victim.kill()
    psutil.wait_procs([victim], 10)
    token = nova.token("watcher")
    time.sleep(2)
    wait_for(lambda: VICTIMS[name] == "" or nova.engine(VICTIMS[name]), 30)
    wait_for(lambda: nova.request("GET", "/health", token)[1]["status"] == "ok", 60)
    time.sleep(2)


def restart(broker: ApacheKafka | None) -> None:
    if broker:
        broker.kill()
        time.sleep(3)
        broker.start()
        time.sleep(3)


def web_worker(nova: Nova) -> psutil.Process:
    web = nova.engine("nova.web")
    assert web is not None
    return next(child for child in web.children() if "resource_tracker" not in " ".join(child.cmdline()))


def arrived(engines: Engines) -> int:
    return engines.clickhouse("SELECT count() FROM engagement_events")[0][0]


def check_events(engines: Engines, writers: list[Writer]) -> None:
    """Count by identity: each acknowledged event, and none else."""
    rows = engines.clickhouse("SELECT user_id, event_id, kind, toString(video_id) FROM engagement_events")
    by_id = {(user, event): video for user, event, kind, video in rows if kind in ("watch", "share")}
    expected = {identity: video for writer in writers for identity, (video, _) in writer.watches.items()}
    expected |= {identity: video for writer in writers for identity, video in writer.shares.items()}
    assert by_id == expected
    likes = Counter((user, video, kind) for user, _, kind, video in rows if kind in ("like", "unlike"))
    assert likes == Counter(each for writer in writers for each in writer.likes)
    assert not {identity for writer in writers for identity in writer.refused} & by_id.keys()


def check_aggregates(engines: Engines, writers: list[Writer]) -> None:
    engines.clickhouse("SYSTEM REFRESH VIEW video_signal_hours_fill")
    engines.clickhouse("SYSTEM WAIT VIEW video_signal_hours_fill")
    watches = [each for writer in writers for each in writer.watches.values()]
    ((views, completion, liked, shared),) = engines.clickhouse(
        "SELECT sum(view_count), sum(completion_sum), sum(like_count), sum(share_count) FROM video_signal_hours FINAL"
    )
    assert (views, shared) == (len(watches), sum(len(writer.shares) for writer in writers))
    assert completion == pytest.approx(sum(percent for _, percent in watches) / 100)
    assert liked == net_likes(writers)
    history = engines.clickhouse("SELECT user_id, toString(video_id) FROM user_watch_history_realtime FINAL")
    seen = {(user, video) for writer in writers for (user, _), (video, _) in writer.watches.items()}
    assert sorted(history) == sorted(seen)
    assert engines.clickhouse("SELECT sum(like_count) FROM user_author_90d") == [(net_likes(writers),)]


def check_counters(nova: Nova, engines: Engines, writers: list[Writer], videos: list[str]) -> None:
    views = Counter(video for writer in writers for video, _ in writer.watches.values())
    shares = Counter(video for writer in writers for video in writer.shares.values())
    token = nova.token("watcher")
    shown = {video: nova.request("GET", f"/reels/{video}", token)[1] for video in videos}
    assert {video: each["view_count"] for video, each in shown.items()} == {video: views[video] for video in videos}
    assert {video: each["share_count"] for video, each in shown.items()} == {video: shares[video] for video in videos}
    assert sum(each["like_count"] for each in shown.values()) == net_likes(writers)
    truth = dict(engines.postgres("SELECT video_id::text, view_count FROM engagement_videocounter"))
    assert {video: truth.get(video, 0) for video in videos} == {video: views[video] for video in videos}
    assert engines.counters(videos, "view") == [views[video] for video in videos]


def net_likes(writers: list[Writer]) -> int:
    kinds = Counter(kind for writer in writers for _, _, kind in writer.likes)
    return kinds["like"] - kinds["unlike"]
