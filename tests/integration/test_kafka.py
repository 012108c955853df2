"""Kafka to ClickHouse and PostgreSQL, with what may go wrong on the way: nothing lost, nothing counted twice."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka.admin import AdminClient
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from engagement import cdc, consuming, counters
from engagement.events import Event
from engagement.models import Comment
from nova import environment
from nova.clients import clickhouse, kafka
from nova.clients.kafka import Message
from nova.clients.kafka_consumer import Record, Subscription
from nova.engines import choices
from nova.streaming import DeadLetter, Handler, Stream, dead_letter_topic
from ranking import publishing
from reels.ids import video_id
from reels.models import Video
from tests.kafka import PATIENCE, Broker, Topics, count_of, lag_of, read

pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.timeout(240)]
HOURS = "SELECT sum(view_count), sum(like_count), sum(share_count), sum(comment_count) FROM video_ranking_signals_1h"
GROUP = "nova-engagement"


def events(video: Video, count: int) -> list[Event]:
    """Watches and likes of ten people, a second apart."""
    start = timezone.now() - dt.timedelta(hours=2)
    return [
        Event(
            event_id=uuid.uuid4(),
            kind="like" if number % 5 == 4 else "watch",
            user_id=f"user-{number % 10}",
            occurred_at=start + dt.timedelta(seconds=number),
            video_id=video.id,
            creator_id=video.creator_id,
            completion_percent=None if number % 5 == 4 else 60,
        )
        for number in range(count)
    ]


def messages(some: list[Event]) -> list[Message]:
    return [Message(event.user_id.encode(), orjson.dumps(event.to_payload())) for event in some]


def send(topic: str, some: list[Message]) -> None:
    assert all(kafka.send(topic, some, PATIENCE))


class Watched:
    """A handler that counts its calls, and the records it was done with."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle
        self.tries = self.done = 0

    def __call__(self, records: Sequence[Record]) -> list[DeadLetter]:
        self.tries += 1
        dead = self.handle(records)
        self.done += len(records)
        return dead


@contextmanager
def consuming_from(topic: str, handle: Handler = consuming.handle, group: str = "") -> Iterator[Stream]:
    """A consumer in a thread, which stops in good order. Its group is the test's own, as its topic is."""
    stream = Stream(Subscription(topic, group or f"{topic}-readers"), handle, most=500, wait=0.2)
    failures: list[Exception] = []

    def run() -> None:
        try:
            stream.run()
        except Exception as error:  # noqa: BLE001 - raised below, in the test
            failures.append(error)
        finally:
            connections.close_all()
            clickhouse.pool.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield stream
    finally:
        stream.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert failures == []


def wait_for(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def arrived() -> int:
    return int(clickhouse.select("SELECT count() FROM engagement_events")[0][0])


def aggregates() -> list[object]:
    publishing.sum_hours()
    return [
        clickhouse.select(sql)
        for sql in (
            HOURS,
            "SELECT avg(completion_rate) FROM video_ranking_signals_1h",
            "SELECT count() FROM user_watch_history_realtime FINAL",
            "SELECT user_id, like_count, comment_count, interactions FROM user_author_90d ORDER BY user_id",
            "SELECT count() FROM engagement_events",
        )
    ]


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video(creator_id="cook")


def test_events_arrive_and_are_counted_once_though_everything_is_read_again(topics: Topics, video: Video) -> None:
    sent = messages(events(video, 1000))
    send(topics.events, sent)
    with consuming_from(topics.events):
        wait_for(lambda: arrived() == 1000)
    before = aggregates()
    assert before[0] == [(800, 200, 0, 0)]
    assert before[1] == [(pytest.approx(0.6),)]
    send(topics.events, sent[:300])  # a relay that died before it could say so
    handler = Watched(consuming.handle)
    with consuming_from(topics.events, handler, group="anew"):
        wait_for(lambda: handler.done == 1300)
    assert aggregates() == before


def test_bad_messages_go_to_the_dead_letters_with_their_reason_and_the_rest_goes_on(
    topics: Topics, video: Video
) -> None:
    good = messages(events(video, 2))
    newer = orjson.loads(good[0].value or b"") | {"version": 2}
    bad = [(b"{", b"not JSON"), (b"[]", b"not a JSON object"), (orjson.dumps(newer), b"event version 2")]
    send(topics.events, [good[0], *(Message(b"eve", value, (("trace", b"7"),)) for value, _ in bad), good[1]])
    with consuming_from(topics.events):
        dead = read(topics, dead_letter_topic(topics.events), len(bad))
        wait_for(lambda: arrived() == 2)
    found: dict[Any, dict[str, Any]] = {letter.value(): dict(letter.headers() or ()) for letter in dead}
    for value, reason in bad:
        assert found[value]["reason"].startswith(reason)
        assert found[value]["source-topic"] == topics.events.encode()
        assert found[value]["trace"] == b"7"
    assert {letter.key() for letter in dead} == {b"eve"}


def test_while_clickhouse_is_away_events_wait_and_then_arrive(topics: Topics, video: Video, settings: Settings) -> None:
    there = settings.CLICKHOUSE_URL
    settings.CLICKHOUSE_URL = f"clickhouse://127.0.0.1:{choices.free_port()}/nova"
    clickhouse.pool.close()
    handler = Watched(consuming.handle)
    with consuming_from(topics.events, handler) as stream:
        send(topics.events, messages(events(video, 100)))
        wait_for(lambda: handler.tries >= 4)
        rebalances = stream.subscription.revocations
        settings.CLICKHOUSE_URL = there
        wait_for(lambda: arrived() == 100)
        assert stream.subscription.revocations == rebalances  # it never left its group
    assert count_of(topics, dead_letter_topic(topics.events)) == 0


def test_two_consumers_share_the_work_and_one_leaves_in_the_middle(topics: Topics, video: Video) -> None:
    sent = messages(events(video, 3000))
    with consuming_from(topics.events) as first:
        send(topics.events, sent[:1000])
        wait_for(arrived)
        with consuming_from(topics.events):
            wait_for(lambda: first.subscription.revocations)
            send(topics.events, sent[1000:2000])
            wait_for(lambda: arrived() >= 1500)
        send(topics.events, sent[2000:])
        wait_for(lambda: arrived() == 3000)
    publishing.sum_hours()
    assert clickhouse.select(HOURS) == [(2400, 600, 0, 0)]


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """What commands write to their logs."""
    return tmp_path / "said"


@pytest.fixture
def command(topics: Topics, said: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """The real command, with this test's engines."""
    database = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    given = {name: str(database[key]) for name, key in names.items() if database[key]}
    started: list[subprocess.Popen[bytes]] = []

    def start(*words: str, **variables: str) -> subprocess.Popen[bytes]:
        own = {
            "DATABASE_URL": make_conninfo("", **given),
            "KAFKA_BROKERS": topics.addresses,
            "KAFKA_EVENTS_TOPIC": topics.events,
            "KAFKA_CDC_TOPIC": topics.cdc,
        }
        argv = [sys.executable, "manage.py", *words]
        with said.open("ab") as log:
            process = subprocess.Popen(
                argv, cwd=environment.BASE_DIR, env=os.environ | own | variables, stderr=log, stdout=log
            )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_in_good_order_with_everything_committed(
    topics: Topics, video: Video, command: Start, how: signal.Signals
) -> None:
    send(topics.events, messages(events(video, 500)))
    process = command("consume_engagement", "--batch", "100")
    wait_for(lambda: arrived() == 500)
    process.send_signal(how)
    assert process.wait(PATIENCE) == 0
    assert lag_of(topics, topics.events, GROUP) == 0


def test_while_clickhouse_is_away_a_signal_ends_the_command_and_commits_nothing(
    topics: Topics, video: Video, command: Start, said: Path
) -> None:
    send(topics.events, messages(events(video, 10)))
    port = choices.free_port()
    process = command("consume_engagement", CLICKHOUSE_URL=f"clickhouse://127.0.0.1:{port}/nova", LOG_LEVEL="INFO")
    wait_for(lambda: "stream_waits" in said.read_text())
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
    assert lag_of(topics, topics.events, GROUP) == 10


@pytest.mark.parametrize("brokers", ["apache"], indirect=True)
def test_a_broker_that_dies_loses_nothing_and_keeps_the_order_of_each_person(
    brokers: Broker, topics: Topics, video: Video
) -> None:
    assert brokers.apache is not None
    sent = events(video, 2000)
    with consuming_from(topics.events):
        for start in range(0, len(sent), 200):
            if start == 800:
                brokers.apache.kill()
                assert not all(kafka.send(topics.events, messages(sent[start : start + 200]), 0.5))
                brokers.apache.start()
            waiting = messages(sent[start : start + 200])
            wait_for(lambda batch=waiting: all(kafka.send(topics.events, batch, 5)))  # type: ignore[misc]
        wait_for(lambda: arrived() == 2000)
    place = {str(event.event_id): number for number, event in enumerate(sent)}
    by_person: dict[str, list[int]] = {}
    for found in read(topics, topics.events, count_of(topics, topics.events)):
        payload = orjson.loads(found.value() or b"")
        numbers = by_person.setdefault(payload["user_id"], [])
        if place[payload["event_id"]] not in numbers:  # told again is not told late
            numbers.append(place[payload["event_id"]])
    assert all(numbers == sorted(numbers) for numbers in by_person.values())


def test_videos_and_comments_made_elsewhere_are_taken_over(topics: Topics, engines: None) -> None:
    made = (timezone.now() - dt.timedelta(hours=1)).isoformat()
    video = {"id": "clip-1", "creator_id": "cook", "title": "Soup", "created_at": made}
    comment = {"id": "c-1", "user_id": "ann", "video_id": "clip-1", "created_at": made}
    told = [
        {"version": 1, "type": "video", "op": "upsert", "video": video},
        {"version": 1, "type": "comment", "op": "create", "comment": comment},
        {"version": 9, "type": "comment", "op": "create", "comment": comment},
    ]
    send(topics.cdc, [Message(b"clip-1", orjson.dumps(each)) for each in told])
    with consuming_from(topics.cdc, cdc.handle):
        (letter,) = read(topics, dead_letter_topic(topics.cdc), 1)
        wait_for(lambda: Comment.objects.exists())
    assert dict(letter.headers() or ())["reason"] == b"version 9 is not known here"
    known = video_id("clip-1")
    assert counters.read([known])[known].comment == 1


@pytest.mark.parametrize("brokers", ["apache"], indirect=True)
def test_topics_are_made_once_with_their_dead_letter_topics(
    brokers: Broker, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    prefix = uuid.uuid4().hex[:8]
    settings.KAFKA_BROKERS = brokers.addresses
    settings.KAFKA_EVENTS_TOPIC, settings.KAFKA_CDC_TOPIC = f"{prefix}.events", f"{prefix}.cdc"
    names = [f"{prefix}.{name}" for name in ("cdc", "cdc.dead-letter", "events", "events.dead-letter")]
    for what in ("Made", "Found"):
        call_command("create_topics")
        assert sorted(capsys.readouterr().out.splitlines()) == [f"  {what} {name}" for name in names]
    found = AdminClient({"bootstrap.servers": brokers.addresses}).list_topics(timeout=PATIENCE).topics
    assert [len(found[name].partitions) for name in names] == [3, 3, 3, 3]
