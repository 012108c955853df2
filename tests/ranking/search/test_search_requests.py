"""What a search may be asked, its pages, and what it does while engines are away."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from rest_framework.test import APIClient

from nova.clients import clickhouse, redis
from nova.clients.clickhouse import AwayError
from ranking.search import documents, indexing, lists, popularity, retrieval, store
from ranking.tasks import index_videos
from reels import erasing
from reels.models import Video, VideoChange
from tests.ranking.search.conftest import URL

Make = Callable[..., Video]
Search = Callable[..., Any]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ({}, "q"), ({"q": ""}, "q"), ({"q": "  \t "}, "q"), ({"q": "a" * 201}, "q"), ({"q": "a" * 10_240}, "q"),
        ({"q": "a\0b"}, "q"), ({"q": "a", "limit": 0}, "limit"), ({"q": "a", "limit": 51}, "limit"),
        ({"q": "a", "limit": "x"}, "limit"), ({"q": "a", "creator_id": "c" * 65}, "creator_id"),
        ({"q": "a", "category": "c\0"}, "category"), ({"q": "a", "date_from": "yesterday"}, "date_from"),
        ({"q": "a", "date_to": "2026-02-30"}, "date_to"),
        ({"q": "a", "date_from": "2026-02-02", "date_to": "2026-02-01"}, "date_to"),
    ],
)  # fmt: skip
def test_bad_input_is_named(
    engines: None, client_of: Callable[..., APIClient], parameters: dict[str, Any], field: str
) -> None:
    response = client_of("ann").get(URL, parameters)
    assert response.status_code == 400 and response.json()["code"] == "invalid_input"
    assert field in str(response.json()["errors"])


@pytest.mark.parametrize(
    "query", ["?!", "🎉", "' OR 1=1 --", "%s %(q)s {}", "\\'; DROP TABLE x", "*", "#", "a AND b", "€"]
)
def test_odd_queries_find_nothing_and_break_nothing(search: Search, query: str) -> None:
    assert search(query) == {"data": [], "has_more": False, "next_cursor": None, "did_you_mean": None}


def test_spaces_are_folded_before_the_length_is_looked_at(make_video: Make, search: Search) -> None:
    make_video(title="Tomato soup")
    assert len(search("tomato" + " " * 500 + "soup")["data"]) == 1


def test_far_away_dates_are_dates(make_video: Make, search: Search) -> None:
    make_video(title="Soup")
    assert len(search("soup", date_from="0001-01-01", date_to="9999-12-31")["data"]) == 1


def test_pages_show_every_video_once(make_video: Make, search: Search) -> None:
    for number in range(7):
        make_video(title=f"Soup {number}")
    first = search("soup", limit=3)
    make_video(title="Soup, soup and soup again")
    second = search("soup", limit=3, cursor=first["next_cursor"])
    third = search("soup", limit=3, cursor=second["next_cursor"])
    shown = [video["title"] for page in (first, second, third) for video in page["data"]]
    assert sorted(shown) == [f"Soup {number}" for number in range(7)]
    assert first["has_more"] and not third["has_more"] and third["next_cursor"] is None


def test_paging_goes_on_when_redis_lost_the_list(make_video: Make, search: Search) -> None:
    for number in range(5):
        make_video(title=f"Soup {number}")
    first = search("soup", limit=3)
    redis.connection().flushdb()
    second = search("soup", limit=3, cursor=first["next_cursor"])
    assert len({video["id"] for video in first["data"] + second["data"]}) == 5


def test_a_cursor_is_good_for_its_query_and_its_person_alone(make_video: Make, search: Search) -> None:
    for number in range(3):
        make_video(title=f"Soup {number}")
    cursor = search("soup", limit=1)["next_cursor"]
    for given in ({"q": "cake"}, {"q": "soup", "category": "cooking"}, {"q": "soup", "user": "bob"}):
        assert search(**given, limit=1, cursor=cursor, status=400)["code"] == "invalid_cursor"
    assert search("soup", cursor=cursor[:-2], status=400)["code"] == "invalid_cursor"


def test_without_redis_it_is_searched_all_the_same(make_video: Make, search: Search, monkeypatch: Any) -> None:
    make_video(title="Soup")
    make_video(title="Soup again")
    assert lists.load("ann", lists.new_name()) is None
    search("soup")

    def away() -> None:
        raise redis.RedisError

    monkeypatch.setattr(redis, "connection", away)
    assert len(search("soup", limit=1)["data"]) == 1


def test_without_clickhouse_the_newest_of_the_catalogue_stand_in(
    make_video: Make, search: Search, client_of: Callable[..., APIClient], monkeypatch: Any
) -> None:
    make_video(title="Tomato soup", hashtags=["dinner"])
    make_video(title="Tomato cake")
    search("soup")

    def away(*given: Any, **more: Any) -> None:
        raise AwayError("away")

    monkeypatch.setattr(clickhouse, "select", away)
    response = client_of("ann").get(URL, {"q": "Tomato soup"})
    assert [video["title"] for video in response.json()["data"]] == ["Tomato soup", "Tomato cake"]
    assert response["X-Search-Basis"] == "catalogue"
    assert client_of("ann").get(URL, {"q": "?!"}).json()["data"] == []


def test_without_postgres_the_order_of_the_index_stands(make_video: Make, search: Search, monkeypatch: Any) -> None:
    make_video(title="Soup")
    make_video(title="Soup cake")
    search("soup")

    def away(*given: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(documents, "read", away)
    assert len(search("soup")["data"]) == 2 and len(search("soup cake pie")["data"]) == 2


def test_a_change_that_clickhouse_did_not_take_waits(make_video: Make, monkeypatch: Any) -> None:
    make_video(title="Soup")

    def away(*given: Any) -> None:
        raise AwayError("away")

    with monkeypatch.context() as patched:
        patched.setattr(clickhouse, "insert", away)
        assert index_videos() == 0
    assert VideoChange.objects.count() == 1
    assert index_videos() == 1 and VideoChange.objects.count() == 0


def test_an_older_change_that_comes_late_changes_nothing(make_video: Make, search: Search) -> None:
    video = make_video(title="Soup")
    search("soup")
    store.put([store.Entry(video.id, version=0)])
    assert len(search("soup")["data"]) == 1


def test_the_index_can_be_built_anew(make_video: Make, search: Search) -> None:
    make_video(title="Soup")
    VideoChange.objects.all().delete()
    assert search("soup")["data"] == []
    call_command("index_videos", "--all", verbosity=0)
    assert len(search("soup")["data"]) == 1
    call_command("index_videos", verbosity=0)


def test_of_more_than_can_be_scored_those_with_the_words_in_their_titles_come_first(
    make_video: Make, search: Search, monkeypatch: Any
) -> None:
    monkeypatch.setattr(retrieval, "MOST_CANDIDATES", 2)
    for number in range(4):
        make_video(title=f"Nothing {number}", description="soup")
    make_video(title="Soup")
    assert search("soup")["data"][0]["title"] == "Soup"


def test_so_do_those_of_words_that_are_together_more_often_than_their_numbers_let_expect(
    make_video: Make, search: Search, monkeypatch: Any
) -> None:
    monkeypatch.setattr(retrieval, "MOST_CANDIDATES", 2)
    for number in range(3):
        make_video(title=f"Nothing {number}", description="onion soup")
    make_video(title="Onion soup", age=dt.timedelta(days=300))
    for number in range(8):
        make_video(title=f"Bread {number}")
    assert search("onion soup")["data"][0]["title"] == "Onion soup"


def test_popularity_is_that_of_views() -> None:
    assert [indexing.popularity(views) for views in (0, 1, 1023, 10**30)] == [0, 4, 40, 255]


def test_popular_videos_are_indexed_again(engines: None) -> None:
    assert popularity.index_again() == 0


def test_of_an_erased_creator_no_word_stays(make_video: Make, search: Search) -> None:
    make_video(title="Soup", creator_id="ada")
    assert len(search("soup")["data"]) == 1
    erasing.request(user_id="ada")
    assert search("soup")["data"] == []
    erasing.sweep()
    indexing.index_due(seconds=60)
    assert clickhouse.select("SELECT count() FROM video_search WHERE notEmpty(terms)") == [(0,)]
