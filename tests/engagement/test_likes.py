"""POST and DELETE /reels/{id}/like."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from engagement import delivery
from engagement.models import Like, OutboxEvent
from nova.clients import clickhouse
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]
KINDS = "SELECT kind, count() FROM engagement_events GROUP BY kind ORDER BY kind"


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video()


def test_a_like_is_counted_for_everybody_at_once(client_of: Clients, video: Video) -> None:
    answer = client_of("ann").post(f"{API}/reels/{video.id}/like")
    assert answer.status_code == 200
    assert answer.json() == {"video_id": str(video.id), "liked": True, "like_count": 1}
    seen_by_ben = client_of("ben").get(f"{API}/reels/{video.id}").json()
    assert (seen_by_ben["like_count"], seen_by_ben["liked"]) == (1, False)
    assert client_of("ann").get(f"{API}/reels/{video.id}").json()["liked"] is True


def test_liking_twice_is_liking_once(client_of: Clients, video: Video) -> None:
    ann = client_of("ann")
    ann.post(f"{API}/reels/{video.id}/like")
    assert ann.post(f"{API}/reels/{video.id}/like").json()["like_count"] == 1
    assert OutboxEvent.objects.count() == 1


def test_taking_a_like_back_undoes_it(client_of: Clients, video: Video) -> None:
    ann = client_of("ann")
    ann.post(f"{API}/reels/{video.id}/like")
    for _ in range(2):
        answer = ann.delete(f"{API}/reels/{video.id}/like").json()
        assert answer == {"video_id": str(video.id), "liked": False, "like_count": 0}
    assert not Like.objects.filter(is_active=True).exists()


def test_taking_back_what_was_never_liked_leaves_no_trace(client_of: Clients, video: Video) -> None:
    assert client_of("ann").delete(f"{API}/reels/{video.id}/like").json()["like_count"] == 0
    assert not OutboxEvent.objects.exists()


def test_likes_arrive_in_clickhouse_and_leave_the_outbox(client_of: Clients, video: Video) -> None:
    client_of("ann").post(f"{API}/reels/{video.id}/like")
    client_of("ben").post(f"{API}/reels/{video.id}/like")
    client_of("ben").delete(f"{API}/reels/{video.id}/like")
    assert delivery.deliver() == 3
    assert clickhouse.select(KINDS) == [("like", 2), ("unlike", 1)]
    assert not OutboxEvent.objects.exists()


def test_the_count_stays_right_when_redis_was_emptied(client_of: Clients, video: Video) -> None:
    from nova.clients import redis

    client_of("ann").post(f"{API}/reels/{video.id}/like")
    delivery.deliver()
    client_of("ben").post(f"{API}/reels/{video.id}/like")
    redis.connection().flushdb()
    assert client_of("cleo").post(f"{API}/reels/{video.id}/like").json()["like_count"] == 3


@pytest.mark.parametrize("video_id", ["0f9c0fae-1111-4111-8111-000000000001", "no-uuid", "1234"])
@pytest.mark.parametrize("method", ["post", "delete"])
def test_an_unknown_video_is_404(client_of: Clients, engines: None, method: str, video_id: str) -> None:
    answer = getattr(client_of("ann"), method)(f"{API}/reels/{video_id}/like")
    assert answer.status_code == 404
    assert answer.json()["code"] == "video_not_found"
    assert answer["Content-Type"] == "application/problem+json"
