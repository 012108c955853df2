"""What Redis missed is written down and made true."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal
from typing import Any

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from engagement import counters, delivery, recent, repairs, tasks
from engagement.models import RedisRepair
from nova.clients import redis
from reels.models import Video
from tests.away import redis_away
from tests.conftest import API

Clients = Callable[..., APIClient]


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video(creator_id="cook")


def like_count(video: Video) -> int:
    return counters.read([video.id])[video.id].like


def test_what_redis_missed_of_a_like_is_made_good(client_of: Clients, video: Video) -> None:
    ann = client_of("ann")
    before = ann.get(f"{API}/reels").json()
    assert like_count(video) == 0
    with redis_away():
        assert ann.post(f"{API}/reels/{video.id}/like").json()["like_count"] == 1
    assert like_count(video) == 0  # Redis holds the old copy
    assert ann.get(f"{API}/reels").headers["X-Cache"] == "HIT"
    assert tasks.repair_redis() == 2
    assert like_count(video) == 1
    after = ann.get(f"{API}/reels")
    assert (after.headers["X-Cache"], after.json()["data"][0]["liked"]) == ("MISS", True)
    assert before["data"][0]["liked"] is False


def test_a_watched_video_is_not_shown_again_from_a_feed_built_before(
    client_of: Clients, make_video: Callable[..., Video]
) -> None:
    videos, ann = [make_video() for _ in range(40)], client_of("ann")
    cursor = ann.get(f"{API}/reels?limit=30").json()["next_cursor"]
    shown = {each["id"] for each in ann.get(f"{API}/reels?limit=30&cursor={cursor}").json()["data"]}
    watched = shown.pop()
    with redis_away():
        ann.post(f"{API}/reels/{watched}/watch", {"completion_percent": 90})
    tasks.repair_redis()
    again = {each["id"] for each in ann.get(f"{API}/reels?limit=30&cursor={cursor}").json()["data"]}
    assert again == shown
    assert len(videos) == 40


def test_a_repair_that_comes_late_notes_what_is_true_by_then(client_of: Clients, video: Video) -> None:
    ann = client_of("ann")
    with redis_away():
        ann.post(f"{API}/reels/{video.id}/like")
        ann.post(f"{API}/reels/{video.id}/not-interested")
        ann.post(f"{API}/creators/cook/block")
    ann.delete(f"{API}/reels/{video.id}/like")
    ann.delete(f"{API}/reels/{video.id}/not-interested")
    ann.delete(f"{API}/creators/cook/block")
    tasks.repair_redis()
    noted = recent.read("ann")
    assert (noted.liked, noted.hidden, noted.blocked) == ({video.id.bytes: False}, frozenset(), frozenset())


def test_more_repairs_than_one_batch_are_done_in_one_call(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "BATCH", 3)
    repairs.owe_counters([video.id] * 10)
    assert repairs.settle() == 10
    assert not RedisRepair.objects.exists()


def test_repairs_wait_until_redis_is_back(video: Video) -> None:
    repairs.owe("ann", [video.id], [f"w:{video.id}"])
    with redis_away():
        assert tasks.repair_redis() == 0
    assert RedisRepair.objects.count() == 2
    assert tasks.repair_redis() == 2
    assert recent.read("ann").watched == {video.id.bytes}
    assert not RedisRepair.objects.exists()


def test_an_event_that_moved_a_copy_just_after_it_was_set_counts_once(
    client_of: Clients, video: Video, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sum already holds the like when a reader rebuilds the copy, and then the like moves the copy as well."""
    plain = counters.move

    def slow_move(events: Any) -> bool:
        assert like_count(video) == 1
        return plain(events)

    monkeypatch.setattr(counters, "move", slow_move)
    assert client_of("ann").post(f"{API}/reels/{video.id}/like").json()["like_count"] == 2
    tasks.repair_redis()
    assert like_count(video) == 1


def test_delivery_leaves_word_that_the_counters_are_to_be_set(client_of: Clients, video: Video) -> None:
    client_of("ann").post(f"{API}/reels/{video.id}/share", {})
    redis.connection().set(counters.key(video.id, "share"), 99)
    delivery.deliver()
    assert list(RedisRepair.objects.values_list("video_id", "user_id")) == [(video.id, "")]
    tasks.repair_redis()
    assert counters.read([video.id])[video.id].share == 1


def test_one_process_at_a_time_repairs(video: Video) -> None:
    """Or a slow one could put an old number over a new one."""
    repairs.owe_counters([video.id])
    held, done = Signal(), Signal()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [repairs.REPAIR_LOCK])
            held.set()
            done.wait(30)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait(30)
        assert repairs.settle() == 0
        done.set()
        holding.result()
    assert repairs.settle() == 1


def test_a_repair_of_a_video_that_is_gone_harms_nothing(engines: None) -> None:
    repairs.owe_counters([uuid.uuid4()])
    assert repairs.settle() == 1
