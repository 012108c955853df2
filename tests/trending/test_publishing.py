"""Lists on their way to every worker, and what is shown while engines are away."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from rest_framework.test import APIClient

from engagement.events import Event
from nova import remembered
from nova.clients import clickhouse, redis
from nova.errors import EngineAwayError
from reels.models import Video
from tests.conftest import API
from trending import curations, lists, publishing, refreshing, serving, tasks
from trending.kinds import HASHTAG
from trending.models import Curation
from trending.publishing import LOOK_EVERY, Published

pytestmark = pytest.mark.usefixtures("engines")
FIRST: dict[str, Any] = {"generated_at": "2026-11-01T00:00:00Z", "lists": {}, "curations": []}
SECOND = FIRST | {"generated_at": "2026-11-02T00:00:00Z"}


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [1_000_000.0]
    for module in (publishing, serving, remembered):
        fake = SimpleNamespace(monotonic=lambda: now[0], time=lambda: now[0])
        monkeypatch.setattr(module, "time", fake)

    def add(seconds: float = LOOK_EVERY + 0.01) -> None:
        now[0] += seconds

    return add


@pytest.fixture
def take_postgresql_away(engines: None) -> Iterator[Callable[[], None]]:
    """It is back before `engines` cleans up."""

    def away(*given: object, **more: object) -> None:
        raise OperationalError("away")

    with pytest.MonkeyPatch.context() as patched:
        yield lambda: patched.setattr(connection, "cursor", away)


@pytest.fixture
def ann(client_of: Callable[..., APIClient]) -> APIClient:
    return client_of("ann")


@pytest.fixture
def published(make_video: Callable[..., Video], make_events: Callable[..., list[Event]]) -> Video:
    video = make_video(hashtags=["soup"])
    make_events(video, "watch", ["ben"], hashtags=("soup",))
    refreshing.refresh(creators_too=True)
    return video


def worker(build: Callable[[], dict[str, Any]] = lambda: SECOND, *, is_kept: bool = False) -> Published:
    return Published("trending:hashtags", 300, build, is_kept=is_kept)


def shown(client: APIClient) -> list[str]:
    serving.answers.forget()
    answer = client.get(f"{API}/reels/trending-hashtags")
    assert answer.status_code == 200, answer.content
    return [each["hashtag"] for each in answer.json()["hashtags"]]


def test_what_was_published_is_what_another_process_gets() -> None:
    worker().publish(FIRST)
    assert worker().current() == FIRST


def test_a_newer_list_replaces_the_one_before(pass_time: Callable[..., None]) -> None:
    here = worker()
    here.publish(FIRST)
    assert here.current() == FIRST
    worker().publish(SECOND)
    assert here.current() == FIRST  # it looks once a second, not in every request
    pass_time()
    assert here.current() == SECOND


def test_lists_are_fresh_for_five_minutes_and_kept_for_a_week() -> None:
    worker().publish(FIRST)
    assert 290 < redis.connection().ttl("trending:hashtags") <= 300
    redis.connection().delete("trending:hashtags")
    assert worker().current() == FIRST
    assert redis.connection().ttl("trending:hashtags:last") > 6 * 24 * 3600


@pytest.mark.parametrize("what", ["emptied", "away"])
def test_without_redis_a_worker_keeps_its_copy(
    pass_time: Callable[..., None], take_redis_away: Callable[[], None], what: str
) -> None:
    here = worker()
    here.publish(FIRST)
    here.current()
    take_redis_away() if what == "away" else redis.connection().flushdb()
    pass_time()
    assert here.current() == FIRST


def test_without_redis_a_copy_that_is_no_longer_fresh_is_made_anew(
    pass_time: Callable[..., None], take_redis_away: Callable[[], None]
) -> None:
    here = worker()
    here.publish(FIRST)
    here.current()
    take_redis_away()
    pass_time(301)
    assert here.current() == SECOND


def test_a_worker_that_finds_nothing_makes_the_first_list_for_all() -> None:
    assert worker().current() == SECOND
    assert worker(lambda: FIRST).current() == SECOND


def test_an_emptied_redis_is_filled_from_what_clickhouse_keeps() -> None:
    worker(is_kept=True).publish(FIRST)
    redis.connection().flushdb()
    assert worker(is_kept=True).current() == FIRST


def test_a_hundred_requests_build_one_list() -> None:
    built, started = [], threading.Event()

    def build() -> dict[str, Any]:
        built.append(1)
        started.wait(0.3)
        return SECOND

    workers = [worker(build) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: workers[number % 4].current(), range(100)))
    assert len(built) == 1
    assert all(each == SECOND for each in found)


def test_when_nothing_can_be_had_it_is_not_tried_in_every_request(pass_time: Callable[..., None]) -> None:
    tries = []

    def build() -> dict[str, Any]:
        tries.append(1)
        raise clickhouse.ClickHouseError("away", retryable=True)

    here = worker(build)
    for _ in range(5):
        with pytest.raises(EngineAwayError):
            here.current()
    assert len(tries) == 1
    pass_time(publishing.RETRY_AFTER)
    with pytest.raises(EngineAwayError):
        here.current()
    assert len(tries) == 2


def test_only_one_of_several_schedulers_builds() -> None:
    here = worker()
    lock = here._building()
    assert lock.acquire(blocking=False)
    assert not here.refresh()
    lock.release()
    assert here.refresh()


def test_a_lock_that_ran_out_is_no_failure() -> None:
    here = worker(lambda: redis.connection().delete("trending:hashtags:building") and SECOND)
    assert here.refresh()


def test_without_clickhouse_the_last_list_stays_with_its_time(
    ann: APIClient, published: Video, take_clickhouse_away: Callable[[], None]
) -> None:
    before = ann.get(f"{API}/reels/trending-hashtags").json()["generated_at"]
    take_clickhouse_away()
    with structlog.testing.capture_logs() as logs:
        assert tasks.refresh_trending() == []
    assert [each["event"] for each in logs] == ["trending_not_refreshed"]
    publishing.hashtags.forget()
    assert shown(ann) == ["soup"]
    assert ann.get(f"{API}/reels/trending-hashtags").json()["generated_at"] == before


def test_a_new_worker_without_redis_asks_clickhouse(
    ann: APIClient, published: Video, take_redis_away: Callable[[], None]
) -> None:
    publishing.hashtags.forget()
    take_redis_away()
    assert shown(ann) == ["soup"]


def test_a_new_worker_without_redis_and_clickhouse_says_so(
    ann: APIClient, published: Video, take_redis_away: Callable[[], None], take_clickhouse_away: Callable[[], None]
) -> None:
    publishing.hashtags.forget()
    take_redis_away()
    take_clickhouse_away()
    answer = ann.get(f"{API}/reels/trending-hashtags")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")


def test_without_postgresql_lists_blocks_and_creators_stay(
    ann: APIClient, published: Video, take_postgresql_away: Callable[[], None], pass_time: Callable[..., None]
) -> None:
    Curation.objects.create(kind="hashtag", target="soup", action="block")
    serving.forget()
    assert shown(ann) == []
    take_postgresql_away()
    pass_time(curations.FRESH_FOR)
    assert shown(ann) == []
    assert ann.get(f"{API}/discover/creators").status_code == 200


def test_a_worker_that_starts_without_postgresql_knows_the_published_blocks(
    ann: APIClient, published: Video, take_postgresql_away: Callable[[], None]
) -> None:
    Curation.objects.create(kind="hashtag", target="soup", action="block")
    serving.forget()
    refreshing.refresh()
    serving.forget()
    publishing.hashtags.forget()
    take_postgresql_away()
    assert shown(ann) == []


def test_without_postgresql_a_sound_is_called_by_its_id(take_postgresql_away: Callable[[], None]) -> None:
    take_postgresql_away()
    assert lists._names(["s1"]) == {}


def test_the_scheduled_refresh_tells_what_it_published() -> None:
    assert tasks.refresh_trending() == ["trending:sounds", "trending:hashtags", "trending:creators"]
    assert tasks.refresh_trending() == ["trending:sounds", "trending:hashtags"]  # creators once an hour


def test_the_command_publishes_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("refresh_trending")
    assert "Published trending:sounds, trending:hashtags, trending:creators in" in capsys.readouterr().out


def test_the_command_fails_in_words(take_clickhouse_away: Callable[[], None]) -> None:
    take_clickhouse_away()
    with pytest.raises(CommandError, match="stay in use"):
        call_command("refresh_trending")


def test_the_command_says_when_another_process_is_at_it(capsys: pytest.CaptureFixture[str]) -> None:
    for each in (publishing.sounds, publishing.hashtags, publishing.creators):
        each._building().acquire(blocking=False)
    call_command("refresh_trending")
    assert "Another process" in capsys.readouterr().out


def test_a_block_is_stronger_than_a_pin() -> None:
    rules = [
        curations.Rule("hashtag", "soup", "", 1, None, "soup"),
        curations.Rule("hashtag", "soup", "cooking", None, None, "soup"),
    ]
    entry = {"item": "soup"}
    assert curations.apply([entry], {}, rules) == []
    assert all(rule.holds(HASHTAG.name, "cooking", 0) for rule in rules)
