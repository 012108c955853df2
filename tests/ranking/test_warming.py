"""Feeds of the most active people, built ahead: the command, and what staff ask for through the API."""

import datetime as dt
import uuid
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from engagement.events import Event
from nova.clients import redis
from ranking import generations, warming, warmup_views
from reels.models import Video
from tests.away import clickhouse_away, redis_away
from tests.conftest import API
from tests.ranking.pages import ask

Clients = Callable[..., APIClient]
MakeEvents = Callable[..., list[Event]]
URL = f"{API}/admin/cache-warmup"


@pytest.fixture
def active(make_video: Callable[..., Video], make_events: MakeEvents) -> list[str]:
    """Three people, the most active first: two of them watched as much as each other."""
    for people in (["cleo", "ann", "ben"], ["cleo"]):
        make_events(make_video(), "watch", people, completion_percent=50)
    for _ in range(3):
        make_events(make_video(), "watch", ["dan"], completion_percent=50, age=dt.timedelta(days=8))
    return ["cleo", "ann", "ben"]


@pytest.fixture
def eve(client_of: Clients, engines: None) -> APIClient:
    """Staff."""
    return client_of("eve", admin=True)


def warm_feeds(**options: Any) -> str:
    said = StringIO()
    call_command("warm_feeds", stdout=said, verbosity=0, **options)
    return said.getvalue().strip()


def have_feeds() -> set[str]:
    return {key.decode().removeprefix("feed:u:") for key in redis.connection().keys("feed:u:*")}


def test_the_most_active_of_a_week_come_first_and_of_equals_the_smaller_id(active: list[str]) -> None:
    assert warming.most_active(10) == active
    assert warming.most_active(2) == active[:2]


def test_the_command_builds_the_feeds_of_the_most_active_and_tells_how_many(active: list[str]) -> None:
    assert warm_feeds(users=2, batch_size=1) == "Built 2 feeds."
    assert have_feeds() == set(active[:2])


def test_a_warmed_feed_is_there_when_its_person_asks(active: list[str], client_of: Clients) -> None:
    warm_feeds()
    assert [ask(client_of(user))["X-Cache"] for user in (*active, "dan")] == ["HIT", "HIT", "HIT", "MISS"]


def test_whose_feed_is_being_built_is_not_counted(active: list[str]) -> None:
    generations.lock("ann", generations.new_name())
    assert warm_feeds() == "Built 2 feeds."


def test_where_nobody_watched_the_command_says_so(engines: None) -> None:
    assert warm_feeds() == "Nobody has watched anything in the last week, so there was nothing to build."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"users": 0}, "--users must lie between 1 and 100,000, not 0."),
        ({"users": 100_001}, "--users must lie between 1 and 100,000, not 100,001."),
        ({"batch_size": 0}, "--batch-size must lie between 1 and 100, not 0."),
        ({"batch_size": 101}, "--batch-size must lie between 1 and 100, not 101."),
    ],
)
def test_an_option_out_of_its_bounds_is_named(engines: None, options: dict[str, int], sentence: str) -> None:
    with pytest.raises(CommandError) as refused:
        warm_feeds(**options)
    assert str(refused.value) == sentence


def test_an_engine_that_is_away_ends_the_command_with_what_to_do(active: list[str]) -> None:
    with clickhouse_away(), pytest.raises(CommandError, match=r"ClickHouseError: away.*run the same command again"):
        warm_feeds()


def test_progress_is_told_batch_by_batch(active: list[str]) -> None:
    told: list[int] = []
    assert warming.warm(active, 2, told.append) == 3
    assert told == [2, 1]


def test_staff_start_a_warm_up_and_see_what_became_of_it(active: list[str], eve: APIClient) -> None:
    started = eve.post(URL, {"user_count": 3, "batch_size": 2}, format="json")
    assert started.status_code == 202
    report = eve.get(f"{URL}/{started.json()['task_id']}")
    assert report.status_code == 200
    assert report.json() | {"updated_at": ""} == {
        "task_id": started.json()["task_id"],
        "state": "done",
        "done": 3,
        "total": 3,
        "built": 3,
        "error": None,
        "updated_at": "",
    }
    assert have_feeds() == set(active)


def test_a_warm_up_has_numbers_of_its_own_when_none_are_given(active: list[str], eve: APIClient) -> None:
    assert eve.post(URL, format="json").json()["built"] == 3


def test_a_report_is_kept_for_a_day(active: list[str], eve: APIClient) -> None:
    task_id = eve.post(URL, format="json").json()["task_id"]
    assert 24 * 3600 - 10 < redis.connection().ttl(f"warmup:{task_id}") <= 24 * 3600


def test_a_warm_up_that_no_worker_has_begun_is_queued(engines: None) -> None:
    task_id = str(uuid.uuid4())
    warming.Report(task_id).queued()
    assert (warming.report_of(task_id) or {})["state"] == "queued"


def test_a_worker_that_was_faster_than_the_answer_keeps_its_word(engines: None) -> None:
    task_id = str(uuid.uuid4())
    warming.Report(task_id).running(7)
    warming.Report(task_id).queued()
    report = warming.report_of(task_id) or {}
    assert (report["state"], report["total"]) == ("running", 7)


def test_a_report_tells_how_far_it_has_come(engines: None) -> None:
    report = warming.Report(str(uuid.uuid4()))
    report.running(7)
    report.progress(2)
    report.progress(3)
    told = warming.report_of(report.task_id) or {}
    assert (told["state"], told["done"], told["total"]) == ("running", 5, 7)


def test_who_is_not_staff_may_neither_start_nor_see_one(eve: APIClient, client_of: Clients) -> None:
    task_id = eve.post(URL, format="json").json()["task_id"]
    ann = client_of("ann")
    for answer in (ann.post(URL, format="json"), ann.get(f"{URL}/{task_id}")):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_who_is_nobody_is_asked_for_a_token(engines: None) -> None:
    assert APIClient().post(URL, format="json").status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_count": 0}, "user_count"),
        ({"user_count": 100_001}, "user_count"),
        ({"user_count": "many"}, "user_count"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 101}, "batch_size"),
        ({"batch_size": None}, "batch_size"),
    ],
)
def test_a_number_out_of_its_bounds_names_the_field(eve: APIClient, body: dict[str, Any], field: str) -> None:
    answer = eve.post(URL, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert [each["field"] for each in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "task_id", [str(uuid.UUID(int=1)), str(uuid.UUID(int=10**30)).upper(), uuid.UUID(int=1).hex, "x", "%00", "1" * 300]
)
def test_a_warm_up_that_is_not_known_is_404(eve: APIClient, task_id: str) -> None:
    answer = eve.get(f"{URL}/{task_id}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_broker_that_does_not_take_it_is_503(eve: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warmup_views, "publish", lambda *given: None)
    answer = eve.post(URL, format="json")
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")


def test_a_report_that_cannot_be_read_now_is_503(eve: APIClient) -> None:
    task_id = eve.post(URL, format="json").json()["task_id"]
    with redis_away():
        answer = eve.get(f"{URL}/{task_id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")


def test_a_warm_up_without_clickhouse_has_failed_and_says_why(active: list[str], eve: APIClient) -> None:
    with clickhouse_away():
        task_id = eve.post(URL, format="json").json()["task_id"]
    report = eve.get(f"{URL}/{task_id}").json()
    assert (report["state"], report["built"]) == ("failed", 0)
    assert "ClickHouseError" in report["error"]
