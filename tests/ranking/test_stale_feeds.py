"""One builder per person, the last feed where no new one is to be had, and a count of every request."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from django.db import connections
from pytest_django import Settings
from rest_framework.test import APIClient

from nova.clients import redis
from ranking import building, feed, publishing, settings
from ranking.building import Wanted
from ranking.generations import LOCK_LIFETIME
from ranking.models import WeightSet
from ranking.reading import read
from ranking.stored_feed import Feed
from reels.models import Video
from tests.away import postgresql_away
from tests.conftest import API
from tests.ranking.pages import ask, ids

Clients = Callable[..., APIClient]
LONG = 10.0  # seconds: longer than anything here takes
LOCK, CURRENT = "feed:b:ann", "feed:u:ann"


class Builds:
    """Builds of feeds, counted. The first one after `hold` waits until it is let go."""

    def __init__(self, build: Callable[[Sequence[Wanted]], list[Feed]]) -> None:
        self._build = build
        self._is_held = False
        self.count = 0
        self.begun, self.let_go = threading.Event(), threading.Event()

    def hold(self) -> None:
        self._is_held = True

    def __call__(self, wanted: Sequence[Wanted]) -> list[Feed]:
        self.count += 1
        if self._is_held:
            self._is_held = False
            self.begun.set()
            assert self.let_go.wait(LONG)
        return self._build(wanted)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Builds]:
    builds = Builds(building.build)
    monkeypatch.setattr(building, "build", builds)
    yield builds
    builds.let_go.set()


@pytest.fixture
def elsewhere(builds: Builds) -> Iterator[Callable[..., Future[Any]]]:
    """Run a call in another thread, as another worker would."""

    def closing(call: Callable[..., Any], *given: Any) -> Any:
        try:
            return call(*given)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        yield lambda call, *given: pool.submit(closing, call, *given)
        builds.let_go.set()


@pytest.fixture
def held(client_of: Clients, builds: Builds, elsewhere: Callable[..., Future[Any]]) -> Callable[[], Future[Any]]:
    """Have another worker begin to build Ann's feed, and not come to an end."""

    def begin() -> Future[Any]:
        builds.hold()
        answer = elsewhere(ask, client_of("ann"))
        assert builds.begun.wait(LONG)
        return answer

    return begin


@pytest.fixture
def videos(make_video: Callable[..., Video]) -> list[Video]:
    return [make_video() for _ in range(35)]


@pytest.fixture
def ann(client_of: Clients, videos: list[Video]) -> APIClient:
    return client_of("ann")


def like(client: APIClient, video: Video) -> None:
    """Drops the client's current feed."""
    assert client.post(f"{API}/reels/{video.id}/like").status_code == 200


def forget_the_catalogue() -> None:
    """As a worker that has just started and finds no signal table in Redis."""
    publishing.tables.forget()
    redis.connection().delete(publishing.TABLE_KEY, publishing.VERSION_KEY)


def test_who_asks_while_the_first_feed_is_built_gets_that_one(
    ann: APIClient, builds: Builds, held: Callable[[], Future[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LONGEST_WAIT", LONG)
    first = held()
    threading.Timer(0.05, builds.let_go.set).start()
    answer = ask(ann)
    assert (answer["X-Cache"], first.result(LONG)["X-Cache"]) == ("HIT", "MISS")
    assert ids(answer) == ids(first.result())
    assert builds.count == 1


def test_who_asks_while_a_new_feed_is_built_gets_that_one(
    ann: APIClient,
    videos: list[Video],
    builds: Builds,
    held: Callable[[], Future[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "LONGEST_WAIT", LONG)
    old = ask(ann, limit=30).json()
    like(ann, videos[0])
    first = held()
    threading.Timer(0.05, builds.let_go.set).start()
    new = ask(ann, limit=30)
    assert new["X-Cache"] == "HIT"
    assert new.json()["data"] == first.result(LONG).json()["data"][:30]
    assert new.json()["data"][0]["ranking_score"] != old["data"][0]["ranking_score"]
    assert builds.count == 2


def test_a_build_that_takes_too_long_leaves_the_others_with_the_last_feed(
    ann: APIClient, videos: list[Video], builds: Builds, held: Callable[[], Future[Any]]
) -> None:
    last = ids(ask(ann))
    like(ann, videos[7])
    first = held()
    answer = ask(ann)
    assert (answer.status_code, answer["X-Cache"]) == (200, "STALE")
    assert ids(answer) == last
    builds.let_go.set()
    assert first.result(LONG)["X-Cache"] == "MISS"
    assert ask(ann)["X-Cache"] == "HIT"


def test_a_stale_feed_shows_what_the_person_did_all_the_same(
    ann: APIClient, videos: list[Video], held: Callable[[], Future[Any]]
) -> None:
    ask(ann)
    like(ann, videos[7])
    held()
    shown = {video["id"]: video["liked"] for video in ask(ann).json()["data"]}
    assert [video for video, liked in shown.items() if liked] == [str(videos[7].id)]


def test_who_has_no_last_feed_builds_one_when_the_other_takes_too_long(
    ann: APIClient, builds: Builds, held: Callable[[], Future[Any]]
) -> None:
    held()
    answer = ask(ann)
    assert (answer["X-Cache"], len(ids(answer))) == ("MISS", 35)
    assert builds.count == 2


def test_a_build_keeps_nobody_else_waiting(
    ann: APIClient, client_of: Clients, held: Callable[[], Future[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_wait", None)  # whoever waits fails
    held()
    assert ask(client_of("ben"))["X-Cache"] == "MISS"


def test_a_build_keeps_nobody_from_paging(
    ann: APIClient, videos: list[Video], held: Callable[[], Future[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = ask(ann, limit=30).json()["next_cursor"]
    like(ann, videos[0])
    monkeypatch.setattr(feed, "_wait", None)
    held()
    answer = ask(ann, limit=30, cursor=cursor)
    assert (answer["X-Cache"], len(ids(answer))) == ("HIT", 5)


def test_the_right_to_build_ends_by_itself(ann: APIClient, held: Callable[[], Future[Any]]) -> None:
    held()
    assert 0 < redis.connection().ttl(LOCK) <= LOCK_LIFETIME


def test_when_a_builder_died_the_next_one_builds(ann: APIClient, videos: list[Video]) -> None:
    ask(ann)
    like(ann, videos[0])
    redis.connection().set(LOCK, "of one that died", ex=LOCK_LIFETIME)
    assert ask(ann)["X-Cache"] == "STALE"
    redis.connection().delete(LOCK)
    assert [ask(ann)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_a_build_gives_its_right_back(ann: APIClient) -> None:
    assert ask(ann)["X-Cache"] == "MISS"
    assert not redis.connection().exists(LOCK)


def test_a_builder_that_was_given_up_leaves_the_right_of_the_next_one_alone(
    ann: APIClient, builds: Builds, held: Callable[[], Future[Any]]
) -> None:
    late = held()
    redis.connection().set(LOCK, "of the next one", ex=LOCK_LIFETIME)
    builds.let_go.set()
    late.result(LONG)
    assert redis.connection().get(LOCK) == b"of the next one"


def test_a_dropped_feed_that_nobody_builds_is_built_by_who_asks(ann: APIClient, videos: list[Video]) -> None:
    ask(ann)
    like(ann, videos[0])
    assert [ask(ann)["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_when_a_build_finds_postgresql_away_the_last_feed_is_shown(ann: APIClient, videos: list[Video]) -> None:
    last = ids(ask(ann))
    like(ann, videos[0])
    forget_the_catalogue()
    with postgresql_away(), structlog.testing.capture_logs() as logs:
        answer = ask(ann)
    assert (answer.status_code, answer["X-Cache"]) == (200, "STALE")
    assert ids(answer) == last
    assert "feed_stale" in [each["event"] for each in logs]


def test_a_build_that_failed_gives_its_right_back(ann: APIClient, videos: list[Video]) -> None:
    ask(ann)
    like(ann, videos[0])
    forget_the_catalogue()
    with postgresql_away():
        assert ask(ann)["X-Cache"] == "STALE"
    assert ask(ann)["X-Cache"] == "MISS"


def test_without_a_last_feed_and_without_postgresql_there_is_none(ann: APIClient) -> None:
    settings.stamp("ann")
    with postgresql_away():
        answer = ask(ann)
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")


def test_a_feed_of_other_settings_is_built_anew_once(ann: APIClient, builds: Builds, plain_ranking: WeightSet) -> None:
    ask(ann)
    plain_ranking.freshness, plain_ranking.completion = 0.05, 0.50
    plain_ranking.save()
    settings.forget()
    assert [ask(ann)["X-Cache"] for _ in range(3)] == ["MISS", "HIT", "HIT"]
    assert builds.count == 2


def test_a_feed_of_other_settings_stands_in_while_postgresql_is_away(ann: APIClient, plain_ranking: WeightSet) -> None:
    last = ids(ask(ann))
    plain_ranking.freshness, plain_ranking.completion = 0.05, 0.50
    plain_ranking.save()
    settings.forget()
    settings.stamp("ann")
    forget_the_catalogue()
    with postgresql_away():
        answer = ask(ann)
    assert (answer["X-Cache"], ids(answer)) == ("STALE", last)


def used() -> int:
    return int(redis.connection().get("rate:u:ann") or 0)


def test_every_request_for_a_page_counts_once(ann: APIClient) -> None:
    first = ask(ann, limit=30)
    assert used() == 1
    ask(ann, limit=30, cursor=first.json()["next_cursor"])
    assert used() == 2
    ask(ann)
    assert used() == 3


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"cursor": "ü" * 9}, {"limit": "0"}, {"explain": "1"}])
def test_a_request_that_is_refused_for_what_it_asks_counts_as_well(ann: APIClient, query: dict[str, str]) -> None:
    assert ask(ann, **query).status_code in (400, 403)
    assert used() == 1


def test_past_the_limit_pages_are_refused_with_a_time_to_come_back(ann: APIClient, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    cursor = ask(ann, limit=30).json()["next_cursor"]
    assert ask(ann, limit=30, cursor=cursor)["RateLimit-Remaining"] == "0"
    for query in ({}, {"cursor": cursor}, {"cursor": "x"}):
        answer = ask(ann, **query)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 0 < int(answer["Retry-After"]) <= 60


def test_a_minute_that_is_over_is_forgotten(ann: APIClient, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1
    assert [ask(ann).status_code for _ in range(2)] == [200, 429]
    redis.connection().delete("rate:u:ann")
    assert ask(ann).status_code == 200


def test_a_refused_request_reads_no_feed_and_takes_no_right_to_build(ann: APIClient, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1
    ask(ann)
    reading = read("ann")
    assert (reading.used, reading.feed, reading.may_build) == (2, None, False)
    redis.connection().delete(CURRENT, "feed:a:ann")
    assert ask(ann).status_code == 429
    assert not redis.connection().exists(LOCK, "feed:a:ann")
