"""POST /reels/{id}/watch and POST /reels/watch."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import delivery
from engagement.models import EventReceipt, OutboxEvent
from nova.clients import clickhouse
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video(hashtags=["pasta"], category="cooking")


def test_a_watch_is_accepted_and_counted_as_a_view(client_of: Clients, video: Video) -> None:
    ann = client_of("ann")
    answer = ann.post(f"{API}/reels/{video.id}/watch", {"completion_percent": 73.5, "watch_ms": 9000})
    assert (answer.status_code, answer.json()) == (202, {"accepted": 1, "rejected": []})
    assert ann.get(f"{API}/reels/{video.id}").json()["view_count"] == 1
    delivery.deliver()
    stored = clickhouse.select(
        "SELECT user_id, video_id, completion_percent, watch_ms, hashtags FROM engagement_events"
    )
    assert stored == [("ann", video.id, 73.5, 9000, ["pasta"])]


def test_a_watch_under_a_second_is_seen_but_not_a_view(client_of: Clients, video: Video) -> None:
    client_of("ann").post(f"{API}/reels/{video.id}/watch", {"completion_percent": 2, "watch_ms": 999})
    delivery.deliver()
    assert client_of("ben").get(f"{API}/reels/{video.id}").json()["view_count"] == 0
    assert clickhouse.select("SELECT user_id FROM user_watch_history_realtime") == [("ann",)]


def test_a_retry_with_the_same_event_id_counts_once(client_of: Clients, video: Video) -> None:
    ann, body = client_of("ann"), {"completion_percent": 50, "event_id": "tap-1"}
    for _ in range(2):
        assert ann.post(f"{API}/reels/{video.id}/watch", body).status_code == 202
    delivery.deliver()
    assert ann.post(f"{API}/reels/{video.id}/watch", body).status_code == 202  # after its delivery as well
    delivery.deliver()
    assert ann.get(f"{API}/reels/{video.id}").json()["view_count"] == 1
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(1,)]


def test_an_id_that_waits_in_the_outbox_without_a_receipt_is_known_all_the_same(
    client_of: Clients, video: Video
) -> None:
    ann, body = client_of("ann"), {"completion_percent": 50, "event_id": "tap-1"}
    ann.post(f"{API}/reels/{video.id}/watch", body)
    EventReceipt.objects.all().delete()  # a parked event outlives it
    events = [body | {"video_id": str(video.id), "event_id": each} for each in ("tap-1", "tap-2")]
    answer = ann.post(f"{API}/reels/watch", {"events": events})
    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    assert OutboxEvent.objects.count() == 2


def test_a_batch_of_watches_is_one_round_trip_to_postgresql(
    client_of: Clients, make_video: Callable[..., Video], django_assert_num_queries: Any
) -> None:
    videos = [make_video() for _ in range(50)]
    client_of("ann").get(f"{API}/reels?limit=50")  # cards are in Redis
    events = [
        {"video_id": str(videos[at % 50].id), "completion_percent": at % 101, "event_id": f"tap-{at}"}
        for at in range(500)
    ]
    with django_assert_num_queries(1):
        answer = client_of("ann").post(f"{API}/reels/watch", {"events": events})
    assert answer.json() == {"accepted": 500, "rejected": []}


def test_an_event_id_belongs_to_its_user(client_of: Clients, video: Video) -> None:
    body = {"completion_percent": 50, "event_id": str(uuid.uuid4())}
    for user in ("ann", "ben"):
        client_of(user).post(f"{API}/reels/{video.id}/watch", body)
    delivery.deliver()
    assert clickhouse.select("SELECT user_id FROM engagement_events ORDER BY user_id") == [("ann",), ("ben",)]


def test_a_dated_watch_sent_twice_is_one(client_of: Clients, video: Video) -> None:
    body = {"completion_percent": 50, "occurred_at": (timezone.now() - dt.timedelta(days=2)).isoformat()}
    for _ in range(2):
        assert client_of("ann").post(f"{API}/reels/{video.id}/watch", body).status_code == 202
    assert client_of("ann").get(f"{API}/reels/{video.id}").json()["view_count"] == 1


def test_good_events_of_a_batch_are_kept_when_others_are_bad(client_of: Clients, video: Video) -> None:
    good = {"video_id": str(video.id), "completion_percent": 100}
    batch = [
        good,
        {"video_id": str(uuid.uuid4()), "completion_percent": 10},
        {"video_id": str(video.id)},
        "no object",
        good | {"occurred_at": (timezone.now() - dt.timedelta(days=31)).isoformat()},
        good,
    ]
    answer = client_of("ann").post(f"{API}/reels/watch", {"events": batch})
    assert answer.status_code == 202
    assert answer.json()["accepted"] == 2
    assert [(each["index"], each["code"]) for each in answer.json()["rejected"]] == [
        (1, "video_not_found"),
        (2, "invalid_input"),
        (3, "invalid_input"),
        (4, "invalid_input"),
    ]
    assert OutboxEvent.objects.count() == 2


def test_a_batch_without_one_good_event_is_400_and_leaves_nothing(client_of: Clients, video: Video) -> None:
    answer = client_of("ann").post(f"{API}/reels/watch", {"events": [{"video_id": str(video.id)}]})
    assert answer.status_code == 400
    assert answer.json()["rejected"][0]["detail"].startswith("completion_percent")
    assert not OutboxEvent.objects.exists()


def test_a_batch_takes_500_events_and_not_one_more(client_of: Clients, video: Video) -> None:
    good = {"video_id": str(video.id), "completion_percent": 1}
    ann = client_of("ann")
    assert ann.post(f"{API}/reels/watch", {"events": [good] * 501}).status_code == 400
    assert ann.post(f"{API}/reels/watch", {"events": [good] * 500}).json()["accepted"] == 500


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "completion_percent"),
        ({"completion_percent": 101}, "completion_percent"),
        ({"completion_percent": -1}, "completion_percent"),
        ({"completion_percent": True}, "completion_percent"),
        ({"completion_percent": "NaN"}, "completion_percent"),
        ({"completion_percent": 1, "watch_ms": -5}, "watch_ms"),
        ({"completion_percent": 1, "watch_ms": 2**40}, "watch_ms"),
        ({"completion_percent": 1, "event_id": "x" * 65}, "event_id"),
        ({"completion_percent": 1, "occurred_at": "yesterday"}, "occurred_at"),
    ],
)
def test_bad_input_names_the_field(client_of: Clients, video: Video, body: dict[str, Any], field: str) -> None:
    answer = client_of("ann").post(f"{API}/reels/{video.id}/watch", body)
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert not OutboxEvent.objects.exists()


@pytest.mark.parametrize("offset", [dt.timedelta(minutes=6), -dt.timedelta(days=30, minutes=1)])
def test_a_watch_from_too_far_away_in_time_is_refused(client_of: Clients, video: Video, offset: dt.timedelta) -> None:
    body = {"completion_percent": 1, "occurred_at": (timezone.now() + offset).isoformat()}
    answer = client_of("ann").post(f"{API}/reels/{video.id}/watch", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["field"] == "occurred_at"
