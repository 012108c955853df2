"""Feeds that are built before anybody asks."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
import structlog
from rest_framework.test import APIClient

from nova.clients import redis
from ranking import ahead, generations, publishing, renewing, tasks
from ranking.generations import DUE_KEY
from reels.models import Video
from tests.away import postgresql_away, redis_away
from tests.conftest import API
from tests.ranking.pages import ask

Clients = Callable[..., APIClient]


@pytest.fixture
def videos(make_video: Callable[..., Video]) -> list[Video]:
    return [make_video() for _ in range(3)]


@pytest.fixture
def ann(client_of: Clients, videos: list[Video]) -> APIClient:
    """Somebody who has just looked at her feed."""
    ann = client_of("ann")
    assert ask(ann)["X-Cache"] == "MISS"
    return ann


def like(client: APIClient, video: Video) -> None:
    assert client.post(f"{API}/reels/{video.id}/like").status_code == 200


def were_here(people: Sequence[str]) -> None:
    for user_id in people:
        redis.connection().set(generations.active_key(user_id), b"", ex=100)


def due() -> set[bytes]:
    return set(redis.connection().zrange(DUE_KEY, 0, -1))


def has_feed(user_id: str) -> bool:
    return generations.current(user_id) is not None


def test_after_a_like_the_next_first_page_is_there_already_and_knows_it(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    assert not has_feed("ann")
    assert ahead.build_due() == 1
    answer = ask(ann)
    assert answer["X-Cache"] == "HIT"
    scores = {video["id"]: video["ranking_score"] for video in answer.json()["data"]}
    assert max(scores, key=scores.__getitem__) == str(videos[0].id)  # by the one creator Ann has a history with


def test_a_feed_that_was_built_ahead_shows_what_the_person_likes(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    ahead.build_due()
    redis.connection().delete("recent:u:ann")
    assert {video["id"] for video in ask(ann).json()["data"] if video["liked"]} == {str(videos[0].id)}


def test_what_was_built_ahead_is_not_built_again(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    assert [ahead.build_due() for _ in range(2)] == [1, 0]


def test_nothing_is_built_for_who_is_not_expected_back(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    redis.connection().delete("feed:a:ann")
    assert ahead.build_due() == 0
    assert not has_feed("ann")
    assert due() == set()


def test_who_looks_at_a_feed_is_expected_back_for_a_day(ann: APIClient) -> None:
    assert 24 * 3600 - 10 < redis.connection().ttl("feed:a:ann") <= 24 * 3600


def test_who_only_pages_is_not_expected_any_longer_for_it(client_of: Clients, make_video: Callable[..., Video]) -> None:
    for _ in range(31):
        make_video()
    ann = client_of("ann")
    cursor = ask(ann, limit=30).json()["next_cursor"]
    redis.connection().delete("feed:a:ann")
    ask(ann, limit=30, cursor=cursor)
    assert not redis.connection().exists("feed:a:ann")


def test_a_feed_is_due_when_nine_tenths_of_its_life_are_over(ann: APIClient) -> None:
    assert redis.connection().zscore(DUE_KEY, "ann") == pytest.approx(time.time() + 0.9 * 3600, abs=30)
    assert redis.connection().ttl("feed:u:ann") > 0.9 * 3600 + 60  # it is there until the new one is


def test_a_feed_that_is_not_due_is_left_alone(ann: APIClient) -> None:
    assert ahead.build_due() == 0
    assert due() == {b"ann"}


def test_a_feed_that_is_about_to_expire_is_built_anew(ann: APIClient) -> None:
    before = redis.connection().get("feed:u:ann")
    generations.due(["ann"], time.time() - 1)
    assert ahead.build_due() == 1
    assert redis.connection().get("feed:u:ann") != before
    assert redis.connection().zscore(DUE_KEY, "ann") > time.time() + 3000  # its successor has its own time


def test_whose_feed_somebody_builds_already_is_left_to_them(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    assert generations.lock("ann", generations.new_name())
    assert ahead.build_due() == 0
    assert not has_feed("ann")


def test_workers_at_once_never_take_the_same_person(engines: None) -> None:
    people = [f"u{number}" for number in range(10 * ahead.BATCH)]
    generations.due(people, time.time() - 1)

    def take_all(_: int) -> list[str]:
        taken: list[str] = []
        while some := ahead._due():
            taken += some
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [user_id for each in pool.map(take_all, range(4)) for user_id in each]
    assert sorted(taken) == sorted(people)


def test_who_has_waited_longest_comes_first(engines: None) -> None:
    now = time.time()
    for seconds, user_id in ((1, "ann"), (3, "ben"), (2, "cleo")):
        generations.due([user_id], now - seconds)
    assert ahead._due() == ["ben", "cleo", "ann"]


def test_many_feeds_are_built_in_one_call(videos: list[Video]) -> None:
    people = [f"u{number}" for number in range(ahead.BATCH + 5)]
    were_here(people)
    generations.due(people, time.time() - 1)
    assert ahead.build_due() == len(people)
    assert all(map(has_feed, people))


def test_a_call_ends_when_its_time_is_over_and_leaves_the_rest_for_the_next(
    engines: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def build_slowly(people: Sequence[str]) -> int:
        now[0] += 0.6 * ahead.LONGEST
        return len(people)

    monkeypatch.setattr(ahead, "time", SimpleNamespace(monotonic=lambda: now[0], time=time.time))
    monkeypatch.setattr(renewing, "renew_many", build_slowly)
    people = [f"u{number}" for number in range(3 * ahead.BATCH)]
    were_here(people)
    generations.due(people, time.time() - 1)
    assert ahead.build_due() == 2 * ahead.BATCH
    assert len(due()) == ahead.BATCH


def test_who_is_erased_is_not_built_for(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    assert ann.delete(f"{API}/me").status_code == 202
    assert due() == set()
    assert not redis.connection().exists("feed:a:ann")
    assert ahead.build_due() == 0


def test_the_task_tells_how_many_it_built(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    assert tasks.build_ahead() == 1


def test_the_task_outlives_redis_being_away(engines: None) -> None:
    with redis_away(), structlog.testing.capture_logs() as logs:
        assert tasks.build_ahead() == 0
    assert [each["event"] for each in logs] == ["feeds_not_built_ahead"]


def test_the_task_outlives_postgresql_being_away(ann: APIClient, videos: list[Video]) -> None:
    like(ann, videos[0])
    publishing.tables.forget()
    with postgresql_away(), structlog.testing.capture_logs() as logs:
        assert tasks.build_ahead() == 0
    assert "feeds_not_built_ahead" in [each["event"] for each in logs]
