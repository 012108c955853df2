"""From a record to an event in ClickHouse, or to a reason why not."""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from engagement import consuming, counters, delivery, outbox, watching
from engagement.events import Event
from engagement.models import EventReceipt
from nova.clients import clickhouse, kafka
from nova.clients.kafka import DIRECT
from nova.clients.kafka_consumer import Record
from reels import erasures
from reels.models import Erasure, Video

offsets = itertools.count()


def watch(**given: Any) -> Event:
    usual: dict[str, Any] = {
        "event_id": uuid.uuid4(),
        "kind": "watch",
        "user_id": "ann",
        "occurred_at": timezone.now() - dt.timedelta(minutes=5),
        "video_id": uuid.uuid4(),
        "creator_id": "cook",
        "completion_percent": 50.0,
        "watch_ms": 9000,
    }
    return Event(**usual | given)


def record(value: object, *, direct: bool = False) -> Record:
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return Record("events", 0, next(offsets), b"ann", raw, DIRECT if direct else ())


def told(event: Event, **changed: Any) -> Record:
    """Its record, with some fields of the payload changed; `...` leaves one out."""
    payload = event.to_payload() | changed
    return record({name: value for name, value in payload.items() if value is not ...})


def arrived() -> list[tuple[Any, ...]]:
    return clickhouse.select("SELECT user_id, kind FROM engagement_events ORDER BY user_id")


FAR_AGO = (timezone.now() - dt.timedelta(days=401)).isoformat()
AHEAD = (timezone.now() + dt.timedelta(days=2)).isoformat()
BAD_FIELDS = [
    ({"version": ...}, "version is missing"),
    ({"version": "1"}, "version is not a whole number"),
    ({"version": True}, "version is not a whole number"),
    ({"version": 2}, "event version 2 is not known here"),
    ({"kind": ...}, "kind is missing"),
    ({"kind": "wave"}, "kind 'wave' is not known"),
    ({"kind": ["watch"]}, "kind \"['watch']\" is not known"),
    ({"event_id": ...}, "event_id is missing"),
    ({"event_id": 7}, "event_id is not a string"),
    ({"event_id": "seven"}, "event_id is not a UUID"),
    ({"user_id": ...}, "user_id is missing"),
    ({"user_id": ""}, "user_id is missing"),
    ({"user_id": 7}, "user_id is not a string"),
    ({"user_id": "x" * 65}, "user_id is longer than 64 characters"),
    ({"user_id": "a\0b"}, "user_id contains a NUL character"),
    ({"video_id": None}, "video_id is missing"),
    ({"video_id": "clip"}, "video_id is not a UUID"),
    ({"kind": "follow", "creator_id": ""}, "creator_id is missing"),
    ({"creator_id": 7}, "creator_id is not a string"),
    ({"occurred_at": ...}, "occurred_at is missing"),
    ({"occurred_at": 1700000000}, "occurred_at is not a string"),
    ({"occurred_at": "yesterday"}, "occurred_at is not an ISO 8601 time"),
    ({"occurred_at": "2026-01-01T00:00:00"}, "occurred_at has no time zone"),
    ({"occurred_at": FAR_AGO}, "occurred_at is more than 400 days ago or a day ahead"),
    ({"occurred_at": AHEAD}, "occurred_at is more than 400 days ago or a day ahead"),
    ({"occurred_at": "0001-01-01T00:00:00+23:59"}, "occurred_at is more than 400 days ago or a day ahead"),
    ({"completion_percent": "50"}, "completion_percent is not a number"),
    ({"completion_percent": True}, "completion_percent is not a number"),
    ({"completion_percent": 100.5}, "completion_percent is not between 0 and 100"),
    ({"completion_percent": -1}, "completion_percent is not between 0 and 100"),
    ({"watch_ms": 2**32}, "watch_ms is not between 0 and 4.29497e+09"),
    ({"watch_ms": -1}, "watch_ms is not between 0 and 4.29497e+09"),
    ({"watch_ms": 1.5}, "watch_ms is not a whole number"),
    ({"hashtags": "soup"}, "hashtags is not a list of strings"),
    ({"hashtags": ["soup", 7]}, "hashtags is not a list of strings"),
    ({"sound_id": 7}, "sound_id is not a string"),
]
BAD_VALUES = [
    (b"", "not JSON: Input is a zero-length, empty document"),
    (b"{", "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b'{"user_id":"\\ud800"}', "not JSON"),
    (b'{"completion_percent":NaN}', "not JSON"),
    (b"[]", "not a JSON object"),
    (b"null", "not a JSON object"),
]


@pytest.mark.parametrize(("changed", "reason"), BAD_FIELDS)
def test_a_bad_field_is_named(changed: dict[str, Any], reason: str) -> None:
    (letter,) = consuming.decode([told(watch(), **changed)]).dead
    assert letter.reason == reason


@pytest.mark.parametrize(("value", "reason"), BAD_VALUES)
def test_what_is_no_json_object_is_told(value: bytes, reason: str) -> None:
    (letter,) = consuming.decode([record(value)]).dead
    assert letter.reason.startswith(reason)


def test_a_record_without_a_value_is_a_dead_letter() -> None:
    assert len(consuming.decode([Record("events", 0, 1, b"ann", None, ())]).dead) == 1


@pytest.mark.parametrize(
    "event",
    [
        watch(),
        watch(completion_percent=None, watch_ms=None, sound_id="song", hashtags=("soup",), category="cooking"),
        watch(completion_percent=0, watch_ms=2**32 - 1),
        watch(kind="follow", video_id=None, completion_percent=None, watch_ms=None),
        watch(kind="share", destination="story"),
    ],
)
def test_an_event_comes_back_as_it_was_sent(event: Event) -> None:
    assert consuming.decode([told(event)]).events == [event]


def test_a_field_that_is_not_known_is_passed_over() -> None:
    event = watch()
    assert consuming.decode([told(event, mood="fine")]).events == [event]


def test_good_records_arrive_beside_bad_ones(engines: None) -> None:
    dead = consuming.handle([record(b"{"), told(watch()), told(watch(), kind="wave")])
    assert len(dead) == 2
    assert arrived() == [("ann", "watch")]


def test_a_batch_of_nothing_good_is_only_dead_letters(engines: None) -> None:
    assert len(consuming.handle([record(b"{")])) == 1
    assert arrived() == []


def test_nothing_of_erased_people_arrives_and_nothing_done_to_them(engines: None) -> None:
    Erasure.objects.create(person=erasures.person("gone"))
    dead = consuming.handle([told(watch(user_id="gone")), told(watch(creator_id="gone")), told(watch(user_id="ben"))])
    assert dead == []
    assert arrived() == [("ben", "watch")]


def test_somebody_who_came_back_starts_anew(engines: None) -> None:
    back = timezone.now() - dt.timedelta(hours=1)
    Erasure.objects.create(person=erasures.person("ann"), returned_at=back)
    consuming.handle([told(watch(occurred_at=back - dt.timedelta(seconds=1))), told(watch(occurred_at=back))])
    assert arrived() == [("ann", "watch")]


def test_a_watch_that_never_passed_the_outbox_is_counted_once(make_video: Callable[..., Video]) -> None:
    video = make_video()
    event = watch(video_id=video.id)
    again = event._replace(occurred_at=event.occurred_at + dt.timedelta(hours=1))  # its answer was lost
    records = [record(each.to_payload(), direct=True) for each in (event, again)]
    for _ in range(2):
        consuming.handle(records)
    consuming.handle(records[1:])
    assert counters.totals([video.id])[video.id].view == 1
    assert arrived() == [("ann", "watch")]


def test_a_replay_after_its_receipt_was_pruned_counts_nothing_again(make_video: Callable[..., Video]) -> None:
    video = make_video()
    records = [record(watch(video_id=video.id).to_payload(), direct=True)]
    consuming.handle(records)
    with time_machine.travel(timezone.now() + dt.timedelta(days=32)):
        EventReceipt.objects.all().delete()
        consuming.handle(records)
    assert counters.totals([video.id])[video.id].view == 1


def test_a_watch_after_an_erasure_brings_the_person_back_also_without_postgresql(
    make_video: Callable[..., Video],
) -> None:
    video, requested = make_video(), timezone.now() - dt.timedelta(hours=1)
    Erasure.objects.create(person=erasures.person("ann"), requested_at=requested, finished_at=requested)
    late, later = (watch(video_id=video.id, occurred_at=requested + dt.timedelta(minutes=each)) for each in (-5, 5))
    consuming.handle([record(each.to_payload(), direct=True) for each in (late, later)])
    assert clickhouse.select("SELECT event_id FROM engagement_events") == [(later.event_id,)]
    assert counters.totals([video.id])[video.id].view == 1


def test_a_watch_that_came_by_both_ways_counts_once(
    make_video: Callable[..., Video], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL commits, its answer is lost, and the web worker turns to Kafka."""
    video = make_video()
    settings.KAFKA_BROKERS = "brokers:9092"
    sent: list[Any] = []
    plain = outbox.write_watches

    def commit_and_break(*given: Any) -> list[Event]:
        plain(*given)
        raise OperationalError("the connection is lost")

    def send(topic: str, messages: list[Any], timeout: float) -> list[bool]:
        sent.extend(messages)
        return [True] * len(messages)

    monkeypatch.setattr(outbox, "write_watches", commit_and_break)
    monkeypatch.setattr(kafka, "send", send)
    assert watching.watch(user_id="ann", watches=[watching.Watch(video.id, 50)]) == {}
    consuming.handle([Record("events", 0, 0, each.key, each.value, each.headers) for each in sent])
    settings.KAFKA_BROKERS = ""
    delivery.deliver()
    assert counters.totals([video.id])[video.id].view == 1
    assert arrived() == [("ann", "watch")]


def test_what_passed_the_outbox_is_not_counted_again(make_video: Callable[..., Video]) -> None:
    video = make_video()
    consuming.handle([told(watch(video_id=video.id))])
    assert counters.totals([video.id])[video.id].view == 0
    assert arrived() == [("ann", "watch")]
