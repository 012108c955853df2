"""POST /reels/{id}/share."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from engagement import delivery
from nova.clients import clickhouse
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video()


def test_every_share_counts(client_of: Clients, video: Video) -> None:
    ann = client_of("ann")
    ann.post(f"{API}/reels/{video.id}/share", {"destination": "story"})
    answer = ann.post(f"{API}/reels/{video.id}/share")
    assert (answer.status_code, answer.json()) == (200, {"video_id": str(video.id), "share_count": 2})


def test_a_retried_share_counts_once(client_of: Clients, video: Video) -> None:
    for _ in range(2):
        answer = client_of("ann").post(f"{API}/reels/{video.id}/share", {"event_id": "s-1"})
        assert answer.json()["share_count"] == 1
    delivery.deliver()
    assert clickhouse.select("SELECT kind, count() FROM engagement_events GROUP BY kind") == [("share", 1)]


def test_an_unknown_destination_is_refused(client_of: Clients, video: Video) -> None:
    answer = client_of("ann").post(f"{API}/reels/{video.id}/share", {"destination": "pigeon"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "destination"
