"""Feeds while Redis is away: what this worker built a moment ago, else a new one."""

import datetime as dt
import itertools
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from engagement.models import Like
from ranking import local_feeds, stored_feed
from ranking.models import WeightSet
from ranking.stored_feed import RANKED, Feed
from reels.models import Video
from tests.away import redis_away
from tests.conftest import API
from tests.ranking.pages import ask, ids, pages

Clients = Callable[..., APIClient]


@pytest.fixture
def videos(make_video: Callable[..., Video]) -> list[Video]:
    return [make_video(age=dt.timedelta(hours=hours)) for hours in range(70)]


@pytest.fixture
def ann(client_of: Clients, videos: list[Video]) -> APIClient:
    return client_of("ann")


def test_the_second_page_one_is_the_first_again(ann: APIClient) -> None:
    with redis_away():
        first, second = ask(ann), ask(ann)
    assert [(each.status_code, each["X-Cache"]) for each in (first, second)] == [(200, "MISS"), (200, "HIT")]
    assert ids(first) == ids(second)


def test_paging_ends_and_shows_no_video_twice(ann: APIClient, videos: list[Video]) -> None:
    with redis_away():
        answers = pages(ann)
    assert [answer["X-Cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
    shown = list(itertools.chain.from_iterable(map(ids, answers)))
    assert sorted(shown) == sorted(str(video.id) for video in videos)


def test_paging_that_began_before_goes_on_without_showing_a_video_twice(ann: APIClient, videos: list[Video]) -> None:
    first = ask(ann, limit=30)
    with redis_away():
        answers = pages(ann, cursor=first.json()["next_cursor"])
    assert [answer["X-Cache"] for answer in answers] == ["MISS", "HIT"]
    shown = list(itertools.chain.from_iterable(map(ids, [first, *answers])))
    assert sorted(shown) == sorted(str(video.id) for video in videos)


def test_everybody_has_a_feed_of_their_own(client_of: Clients, videos: list[Video]) -> None:
    with redis_away():
        assert [ask(client_of(user))["X-Cache"] for user in ("ann", "ben", "ann")] == ["MISS", "MISS", "HIT"]


def test_nobody_is_refused_for_asking_often(ann: APIClient, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1
    with redis_away():
        answers = [ask(ann) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not answers[-1].has_header("RateLimit-Limit")


def test_a_like_is_stored(ann: APIClient, videos: list[Video]) -> None:
    with redis_away():
        assert ann.post(f"{API}/reels/{videos[0].id}/like").status_code == 200
    assert Like.objects.get().video_id == videos[0].id


def test_a_like_is_in_the_first_feed_when_redis_is_back(ann: APIClient, videos: list[Video]) -> None:
    with redis_away():
        ann.post(f"{API}/reels/{videos[0].id}/like")
    shown = {video["id"]: video["liked"] for video in ask(ann).json()["data"]}
    assert shown[str(videos[0].id)]


def test_what_was_built_meanwhile_is_forgotten_when_redis_is_back(ann: APIClient, plain_ranking: WeightSet) -> None:
    with redis_away():
        ask(ann)
    assert [ask(ann)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def feed(generation: bytes = b"gen-0001") -> Feed:
    return stored_feed.make(generation, RANKED, b"v" * 16, np.ones(1, np.float32), frozenset())


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    local_feeds.forget_all()
    now = [1_000.0]
    monkeypatch.setattr(local_feeds, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def add(seconds: float) -> None:
        now[0] += seconds

    return add


def test_a_kept_feed_is_found_by_its_generation_and_as_the_last_one(pass_time: Callable[[float], None]) -> None:
    kept = feed(b"gen-0001")
    local_feeds.keep("ann", kept)
    assert local_feeds.get("ann", b"gen-0001") is kept
    assert local_feeds.get("ann", None) is kept
    assert local_feeds.get("ann", b"gen-0002") is None
    assert local_feeds.get("ben", None) is None


def test_a_kept_feed_is_forgotten_after_some_seconds(pass_time: Callable[[float], None]) -> None:
    local_feeds.keep("ann", feed())
    pass_time(local_feeds.LIFETIME - 0.1)
    assert local_feeds.get("ann", None)
    pass_time(0.2)
    assert local_feeds.get("ann", None) is None


def test_no_more_feeds_are_kept_than_there_is_room_for(
    pass_time: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_feeds, "LARGEST", 3)
    people = [f"u{number}" for number in range(8)]
    for user_id in people:
        local_feeds.keep(user_id, feed())
        assert local_feeds.get(user_id, None)
        assert sum(local_feeds.get(each, None) is not None for each in people) <= 3
