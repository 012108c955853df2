"""What is answered before Django sees it is what the view would have answered, and everything else is the view's."""

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from unittest.mock import Mock

import pytest
import structlog
import time_machine
from django.conf import settings as django_settings
from django.db import DatabaseError
from django.test import RequestFactory
from pytest_django import Settings

from engagement import recent
from nova import metrics, patience, wsgi
from nova.api import envelopes, jwt
from nova.clients import redis
from nova.database import giving_back
from nova.wsgi import handler
from ranking import feed_hits, settings
from ranking.feed_hits import FeedHits
from reels.models import Video
from tests.away import redis_away
from tests.conftest import API

PER_REQUEST = {"X-Request-ID", "RateLimit-Remaining", "RateLimit-Reset"}
factory = RequestFactory()


class Answer(NamedTuple):
    status: str
    headers: dict[str, str]
    body: bytes
    by_view: bool = True

    @property
    def cache(self) -> str | None:
        return self.headers.get("X-Cache")

    @property
    def same_for_all(self) -> tuple[str, dict[str, str]]:
        return self.status, {name: value for name, value in self.headers.items() if name not in PER_REQUEST}


class Web:
    """Both ways to a feed, for a person whose token is new."""

    def __init__(self) -> None:
        self.django = handler(django_settings.API_MIDDLEWARE)
        self.hits = FeedHits(self._by_view, django_settings.API_MIDDLEWARE)
        self.token = jwt.sign("ann", lifetime=600)

    def _by_view(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.by_view = True
        return self.django(environ, start_response)

    def ask(self, query: str = "", method: str = "GET", **headers: str) -> Answer:
        self.by_view = False
        return self._ask(self.hits, query, method, headers)._replace(by_view=self.by_view)

    def ask_view(self, query: str = "", method: str = "GET", **headers: str) -> Answer:
        return self._ask(self.django, query, method, headers)

    def _ask(self, application: Any, query: str, method: str, headers: dict[str, str]) -> Answer:
        headers = {"Host": "localhost", "Authorization": f"Bearer {self.token}"} | headers
        environ = factory.generic(method, f"{API}/reels?{query}", headers=headers).environ
        started: list[Any] = []
        body = b"".join(application(environ, lambda *start: started.extend(start)))
        names = [name.lower() for name, _ in started[1]]
        assert len(set(names)) == len(names)
        return Answer(started[0], dict(started[1]), body)


@pytest.fixture
def videos(make_video: Callable[..., Video]) -> list[Video]:
    return [make_video() for _ in range(70)]


@pytest.fixture
def web(videos: list[Video]) -> Web:
    """Where ann is known and has a feed."""
    web = Web()
    assert web.ask().cache == "MISS"
    return web


def same(web: Web, query: str = "", **headers: str) -> Answer:
    """The answer, which both ways give."""
    answer, views = web.ask(query, **headers), web.ask_view(query, **headers)
    assert answer.same_for_all == views.same_for_all
    assert answer.headers.keys() == views.headers.keys()
    assert but_for_cursor(answer) == but_for_cursor(views)
    return answer


def but_for_cursor(answer: Answer) -> dict[str, Any]:
    """The page, and of its cursor, which tells the second it was written in, only whether there is one."""
    page: dict[str, Any] = json.loads(answer.body)
    return page | {"next_cursor": bool(page["next_cursor"])}


def cursor_of(answer: Answer) -> str:
    return answer.body.partition(b'"next_cursor":"')[2].partition(b'"')[0].decode()


@pytest.mark.parametrize("query", ["", "limit=30", "limit=50"])
def test_first_pages(web: Web, query: str) -> None:
    answer = same(web, query)
    assert (answer.cache, answer.by_view) == ("HIT", False)


def test_all_later_pages(web: Web) -> None:
    answer, shown = same(web, "limit=30"), 0
    while cursor := cursor_of(answer):
        shown += answer.body.count(b'"title"')
        answer = same(web, f"limit=30&cursor={cursor}")
        assert (answer.cache, answer.by_view) == ("HIT", False)
    assert shown + answer.body.count(b'"title"') == 70


def test_what_the_person_did_lately(web: Web, videos: list[Video]) -> None:
    watched, hidden, liked, blocked = videos[:4]
    recent.note("ann", {f"w:{watched.id}": "1", f"n:{hidden.id}": "1", f"l:{liked.id}": "1"})
    recent.note("ann", {f"b:{blocked.creator_id}": "1"})
    answer = same(web, "limit=50")
    assert not answer.by_view
    for gone in (watched, hidden, blocked):
        assert str(gone.id).encode() not in answer.body


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/json"},
        {"Accept": "*/*", "Authorization": "bearer  {token} "},
        {"X-Request-ID": "of-the-caller"},
        {"X-Request-ID": "not sound"},
        {"Host": "127.0.0.1:8000"},
        {"X-Forwarded-Proto": "https"},
        {"Content-Type": "application/json"},
    ],
)
def test_what_callers_may_add(web: Web, headers: dict[str, str]) -> None:
    headers = {name: value.format(token=web.token) for name, value in headers.items()}
    answer = same(web, **headers)
    assert not answer.by_view
    assert (answer.headers["X-Request-ID"] == headers.get("X-Request-ID")) is ("of-the-caller" in headers.values())


def test_the_limit_and_what_is_left_of_it(web: Web, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 5
    left = []
    for _ in range(4):  # the first request was that of the fixture
        answer = web.ask()
        assert not answer.by_view
        left.append(answer.headers["RateLimit-Remaining"])
        assert 0 < int(answer.headers["RateLimit-Reset"]) <= 60
    assert left == ["3", "2", "1", "0"]
    settings.RATE_LIMIT_PER_MINUTE = 7
    same(web)
    refused = web.ask()
    assert (refused.status[:3], refused.by_view) == ("429", True)
    assert refused.same_for_all == web.ask_view().same_for_all
    assert redis.connection().get("rate:u:ann") == b"9"  # each request once


@pytest.mark.parametrize(
    ("query", "method", "headers"),
    [
        ("", "POST", {}),
        ("", "HEAD", {}),
        ("", "OPTIONS", {}),
        ("explain=1", "GET", {}),
        ("limit=29", "GET", {}),
        ("limit=", "GET", {}),
        ("limit=30&limit=40", "GET", {}),
        ("limit=%33%30", "GET", {}),
        ("limit=30&", "GET", {}),
        ("cursor=", "GET", {}),
        ("cursor=abc", "GET", {}),
        ("cursor=" + "a" * 201, "GET", {}),
        ("other=1", "GET", {}),
        ("", "GET", {"Accept": "text/html"}),
        ("limit=30", "GET", {"Content-Type": "text/plain; charset=utf-16"}),
        ("", "GET", {"Host": "localhost:" + "1" * 300}),
        ("", "GET", {"Host": "elsewhere.example"}),
        ("", "GET", {"Authorization": ""}),
        ("", "GET", {"Authorization": "Basic YTpi"}),
        ("", "GET", {"Authorization": "Bearer abc"}),
    ],
)
def test_whatever_else_is_the_views(web: Web, query: str, method: str, headers: dict[str, str]) -> None:
    answer = web.ask(query, method, **headers)
    assert answer.by_view
    assert answer.same_for_all == web.ask_view(query, method, **headers).same_for_all


def test_what_cannot_be_ascii_is_the_views(web: Web) -> None:
    assert web.ask("cursor=\xe9").by_view
    assert feed_hits.feed_query.parse_plain("cursor=\xe9") is None


def test_pages_are_counted_like_the_views(web: Web) -> None:
    counted = metrics.FEED_CACHE_HITS._value.get(), count_of_seconds()
    assert not web.ask().by_view
    assert (metrics.FEED_CACHE_HITS._value.get(), count_of_seconds()) == (counted[0] + 1, counted[1] + 1)


def count_of_seconds() -> float:
    samples = metrics.FEED_SECONDS.labels("true", "ranked")._child_samples()
    return next(sample.value for sample in samples if sample.name == "_count")


def test_connections_that_were_taken_are_given_back(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    given_back = Mock()
    monkeypatch.setattr(giving_back, "give_back", given_back)
    assert not web.ask().by_view
    given_back.assert_called_once_with()


def test_the_web_answers_this_way() -> None:
    by_address = wsgi.application.application
    assert isinstance(by_address, wsgi.ByAddress)
    assert isinstance(by_address.api, FeedHits)


def test_what_is_broken_here_is_logged_and_the_views(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(environ: dict[str, Any]) -> None:
        raise KeyError

    monkeypatch.setattr(feed_hits, "_hit", fail)
    with structlog.testing.capture_logs() as logs:
        assert web.ask().by_view
    assert [(line["event"], line["log_level"]) for line in logs] == [("feed_hit_failed", "error")]


def test_a_token_is_verified_by_the_view(videos: list[Video]) -> None:
    web = Web()
    with time_machine.travel(1_900_000_000, tick=False):
        web.token = jwt.sign("ann", lifetime=60)
        assert [web.ask().by_view for _ in range(2)] == [True, False]
    with time_machine.travel(1_900_000_061, tick=False):
        expired = web.ask()
    assert (expired.status[:3], expired.by_view) == ("401", True)


def test_a_key_that_is_not_trusted_any_more_lets_nobody_in(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not web.ask().by_view
    monkeypatch.setattr(jwt.key_ring, "keys", lambda: ({}, []))
    assert (web.ask().status[:3], web.by_view) == ("401", True)


def test_a_feed_that_is_not_there_is_built_by_the_view_of_what_was_read(web: Web) -> None:
    redis.connection().delete("feed:u:ann", "rate:u:ann")
    built = web.ask()
    assert (built.cache, built.by_view) == ("MISS", True)
    assert redis.connection().get("rate:u:ann") == b"1"
    assert not redis.connection().exists("feed:b:ann")
    assert web.ask().cache == "HIT"


def test_settings_that_changed_have_it_built_anew(web: Web) -> None:
    flag = settings.FeatureFlag.objects.get(name=settings.FEED_FLAG)
    flag.percent = 0
    flag.save()
    settings.forget()
    built = web.ask()
    assert (built.cache, built.by_view, built.headers["X-Feed-Variant"]) == ("MISS", True, "newest")
    again = same(web)
    assert (again.cache, again.by_view, again.headers["X-Feed-Variant"]) == ("HIT", False, "newest")


def test_without_redis_the_view_answers_and_does_not_wait_again(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    django = web.django

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        patience.begin(environ[patience.LOST])
        seen.append(patience.is_lost("redis"))
        return django(environ, start_response)

    monkeypatch.setattr(web, "django", answer)
    with redis_away():
        monkeypatch.setattr(feed_hits.feed_query, "read", losing(feed_hits.feed_query.read))
        assert web.ask().by_view
    assert seen == [True]
    assert not patience.is_lost("redis")


def losing(read: Callable[..., Any]) -> Callable[..., Any]:
    def lose(*given: Any) -> Any:
        patience.lose("redis")
        return read(*given)

    return lose


def test_what_goes_wrong_on_the_way_is_the_views_to_tell(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(user_id: str) -> int:
        raise DatabaseError

    monkeypatch.setattr(settings, "stamp", fail)
    assert (web.ask().status[:3], web.by_view) == ("503", True)


def test_where_https_is_wanted_it_is_the_middleware_that_says_so(videos: list[Video], settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    web = Web()
    secure = {"X-Forwarded-Proto": "https"}
    assert web.ask(**secure).cache == "MISS"
    assert "Strict-Transport-Security" in same(web, **secure).headers
    assert not web.by_view
    plain = web.ask()
    assert (plain.status[:3], plain.by_view) == ("301", True)


def test_no_more_hosts_are_remembered_than_there_is_room_for(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(envelopes, "MOST_KNOWN", 2)
    for host in ("localhost", "127.0.0.1", "localhost:1", "localhost:2"):
        assert not same(web, Host=host).by_view
        assert len(web.hits._envelopes._known) <= 2


def test_a_scheme_that_no_proxy_tells_is_the_middlewares_to_judge(web: Web) -> None:
    assert same(web, **{"X-Forwarded-Proto": "https, http"}).by_view
