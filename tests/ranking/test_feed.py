"""GET /reels."""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import delivery, relations
from engagement.events import Event
from engagement.models import Block, Follow, NotInterested
from nova.clients import redis
from ranking import building, publishing, services, settings
from ranking.building import Wanted
from ranking.models import WeightSet
from ranking.stored_feed import Feed
from reels import catalogue
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]
MakeEvents = Callable[..., list[Event]]
FIELDS = {
    "id", "title", "creator_id", "duration_seconds", "hashtags", "sound", "category", "view_count", "like_count",
    "share_count", "comment_count", "ranking_score", "created_at", "stream_url", "thumbnail_url", "liked",
}  # fmt: skip


def pages(client: APIClient, limit: int = 30) -> list[list[str]]:
    """The ids of every page, to the end."""
    found: list[list[str]] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        answer = client.get(f"{API}/reels", query).json()
        found.append([video["id"] for video in answer["data"]])
        if not answer["has_more"]:
            assert answer["next_cursor"] is None
            return found
        query["cursor"] = answer["next_cursor"]


def first_page(client: APIClient, **query: Any) -> list[str]:
    return [video["id"] for video in client.get(f"{API}/reels", query).json()["data"]]


@pytest.fixture
def videos(make_video: MakeVideo) -> list[Video]:
    return [make_video(age=dt.timedelta(hours=hours)) for hours in range(100)]


def test_a_page_has_forty_whole_videos_in_the_order_of_their_scores(
    client_of: Clients, videos: list[Video], plain_ranking: WeightSet
) -> None:
    answer = client_of("ann").get(f"{API}/reels")
    body = answer.json()
    assert len(body["data"]) == 40
    assert set(body["data"][0]) == FIELDS
    assert (body["has_more"], body["total_count"]) == (True, 100)
    scores = [video["ranking_score"] for video in body["data"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert answer["X-Feed-Variant"] == "ranked"


def test_paging_ends_and_shows_no_video_twice(client_of: Clients, videos: list[Video]) -> None:
    found = pages(client_of("ann"))
    ids = [each for page in found for each in page]
    assert [len(page) for page in found] == [30, 30, 30, 10]
    assert set(ids) == {str(video.id) for video in videos}
    assert len(ids) == len(set(ids))


def test_the_second_request_is_answered_from_the_cache(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    assert [ann.get(f"{API}/reels")["X-Cache"] for _ in range(3)] == ["MISS", "HIT", "HIT"]
    assert redis.connection().exists("feed:u:ann")


def test_a_watched_video_is_gone_at_once_without_a_new_feed(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    first = first_page(ann)
    ann.post(f"{API}/reels/{first[0]}/watch", {"completion_percent": 90})
    answer = ann.get(f"{API}/reels")
    assert answer["X-Cache"] == "HIT"
    assert first[0] not in [video["id"] for video in answer.json()["data"]]
    assert answer.json()["total_count"] == 99


def test_nothing_watched_in_thirty_days_comes_back(
    client_of: Clients, videos: list[Video], make_events: MakeEvents
) -> None:
    make_events(videos[0], "watch", ["ann"], age=dt.timedelta(days=29), completion_percent=5)
    make_events(videos[1], "watch", ["ann"], age=dt.timedelta(days=31), completion_percent=5)
    ids = {each for page in pages(client_of("ann")) for each in page}
    assert str(videos[0].id) not in ids
    assert str(videos[1].id) in ids


def test_a_watch_counts_although_redis_forgot_it_and_clickhouse_does_not_have_it(
    client_of: Clients, videos: list[Video]
) -> None:
    ann = client_of("ann")
    watched = first_page(ann)[0]
    ann.post(f"{API}/reels/{watched}/watch", {"completion_percent": 90})
    redis.connection().flushdb()
    assert watched not in {each for page in pages(ann) for each in page}


def test_a_like_builds_the_next_first_page_anew_and_its_undoing_restores_it(
    client_of: Clients, make_video: MakeVideo, plain_ranking: WeightSet
) -> None:
    for number in range(60):
        make_video(age=dt.timedelta(hours=number), creator_id=f"creator-{number // 2}")
    ann = client_of("ann")
    before = first_page(ann, limit=50)
    oldest = before[-1]
    ann.post(f"{API}/reels/{oldest}/like")
    answer = ann.get(f"{API}/reels", {"limit": 50})
    assert answer["X-Cache"] == "MISS"
    first, second = answer.json()["data"][:2]  # both of the one creator that ann has a history with
    assert (second["id"], second["liked"]) == (oldest, True)
    assert first["creator_id"] == second["creator_id"]
    ann.delete(f"{API}/reels/{oldest}/like")
    assert first_page(ann, limit=50) == before


def test_a_like_during_a_build_is_not_forgotten(
    client_of: Clients, videos: list[Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, build = client_of("ann"), building.build

    def slow_build(wanted: Sequence[Wanted]) -> list[Feed]:
        made = build(wanted)
        ann.post(f"{API}/reels/{videos[7].id}/like")
        return made

    with monkeypatch.context() as patched:
        patched.setattr(building, "build", slow_build)
        cursor = ann.get(f"{API}/reels").json()["next_cursor"]
    assert ann.get(f"{API}/reels", {"cursor": cursor})["X-Cache"] == "HIT"
    assert ann.get(f"{API}/reels")["X-Cache"] == "MISS"


def test_older_cursors_go_on_in_the_list_they_began(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    first = ann.get(f"{API}/reels", {"limit": 30}).json()
    rest = pages_from(ann, first["next_cursor"])
    ann.post(f"{API}/reels/{first['data'][0]['id']}/like")
    ann.get(f"{API}/reels")  # builds another generation
    assert pages_from(ann, first["next_cursor"]) == rest


def pages_from(client: APIClient, cursor: str) -> list[str]:
    return first_page(client, limit=30, cursor=cursor)


def test_a_like_shows_on_the_older_pages_as_well(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    cursor = ann.get(f"{API}/reels", {"limit": 30}).json()["next_cursor"]
    liked = pages_from(ann, cursor)[0]
    ann.post(f"{API}/reels/{liked}/like")
    shown = ann.get(f"{API}/reels", {"limit": 30, "cursor": cursor}).json()["data"][0]
    assert (shown["id"], shown["liked"], shown["like_count"]) == (liked, True, 1)


def test_paging_goes_on_after_redis_was_emptied(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    first = ann.get(f"{API}/reels", {"limit": 30}).json()
    redis.connection().flushdb()
    answer = ann.get(f"{API}/reels", {"limit": 30, "cursor": first["next_cursor"]})
    assert answer.status_code == 200
    assert not {video["id"] for video in answer.json()["data"]} & {video["id"] for video in first["data"]}


def test_ones_own_videos_and_those_of_the_blocked_are_not_shown(client_of: Clients, make_video: MakeVideo) -> None:
    make_video(creator_id="ann")
    make_video(creator_id="pest")
    shown = make_video(creator_id="cook")
    unwanted = make_video()
    relations.set_one(Block, "ann", "pest", is_active=True)
    relations.set_one(NotInterested, "ann", unwanted.id, is_active=True)
    assert first_page(client_of("ann")) == [str(shown.id)]


def test_an_unpublished_video_is_out_of_feeds_that_were_built_before(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    gone = first_page(ann)[3]
    catalogue.set_published(Video.objects.filter(id=gone), is_published=False)
    page = first_page(ann)
    assert gone not in page
    assert len(page) == 40


def test_an_empty_catalogue_gives_an_empty_page(client_of: Clients, engines: None) -> None:
    answer = client_of("ann").get(f"{API}/reels")
    assert answer.status_code == 200
    assert answer.json() == {"data": [], "has_more": False, "next_cursor": None, "total_count": 0}


def test_people_outside_the_flag_get_the_newest_first(
    client_of: Clients, videos: list[Video], make_events: MakeEvents
) -> None:
    services.set_flag(name="use_new_feed_ranking", percent=Decimal(0))
    make_events(videos[50], "watch", [f"u{number}" for number in range(40)], completion_percent=100)
    answer = client_of("ann").get(f"{API}/reels")
    assert answer["X-Feed-Variant"] == "newest"
    assert [video["id"] for video in answer.json()["data"]] == [str(video.id) for video in videos[:40]]


def test_the_videos_of_whom_one_follows_are_candidates_beyond_the_signal_table(
    client_of: Clients, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ranking import candidates

    monkeypatch.setattr(candidates, "LARGEST_TABLE", 5)
    old = make_video(creator_id="friend", age=dt.timedelta(days=20))
    for _ in range(5):
        make_video()
    relations.set_one(Follow, "ann", "friend", is_active=True)
    assert str(old.id) in first_page(client_of("ann"))
    assert str(old.id) not in first_page(client_of("ben"))


def test_staff_can_ask_why(client_of: Clients, videos: list[Video], plain_ranking: WeightSet) -> None:
    data = client_of("eve", admin=True).get(f"{API}/reels", {"explain": "1"}).json()["data"]
    for video in data[:5]:
        why = video["explain"]
        score = sum(why["signals"][name] * weight for name, weight in why["weights"].items())
        assert score == pytest.approx(video["ranking_score"], abs=1e-4)
        assert "fresh" in why["sources"]
    answer = client_of("ann").get(f"{API}/reels", {"explain": "1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("limit", ["0", "-1", "29", "51", "abc", "", "1e1", "9" * 30])
def test_a_limit_out_of_range_names_the_field(client_of: Clients, engines: None, limit: str) -> None:
    answer = client_of("ann").get(f"{API}/reels", {"limit": limit})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer.json()["errors"][0]["field"] == "limit"


def test_a_cursor_of_another_person_cut_or_invented_is_refused(client_of: Clients, videos: list[Video]) -> None:
    cursor = client_of("ann").get(f"{API}/reels").json()["next_cursor"]
    tries = [
        ("ben", cursor),
        ("ann", cursor[: len(cursor) // 2]),
        ("ann", cursor[:-1]),
        ("ann", "x"),
        ("ann", "ü" * 9),
    ]
    for user, wrong in tries:
        answer = client_of(user).get(f"{API}/reels", {"cursor": wrong})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), wrong


def test_a_cursor_is_good_for_an_hour_and_then_expired(client_of: Clients, videos: list[Video]) -> None:
    cursor = client_of("ann").get(f"{API}/reels").json()["next_cursor"]
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=59)):
        assert client_of("ann").get(f"{API}/reels", {"cursor": cursor}).status_code == 200
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61)):
        answer = client_of("ann").get(f"{API}/reels", {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_expired")


def test_a_stored_feed_outlives_the_last_cursor_into_it(client_of: Clients, videos: list[Video]) -> None:
    client_of("ann").get(f"{API}/reels")
    (key,) = redis.connection().keys("feed:g3:ann:*")
    assert redis.connection().ttl(key) > redis.connection().ttl("feed:u:ann") + 3600
    assert 3600 * 0.9 < redis.connection().ttl("feed:u:ann") <= 3600


def test_the_feed_follows_new_signals(client_of: Clients, make_video: MakeVideo, make_events: MakeEvents) -> None:
    newer, loved = make_video(), make_video(age=dt.timedelta(hours=5))
    crowd = [f"u{number}" for number in range(60)]
    make_events(newer, "watch", crowd, completion_percent=1)
    make_events(loved, "watch", crowd, completion_percent=100)
    make_events(loved, "like", crowd)
    publishing.refresh()
    assert first_page(client_of("ann")) == [str(loved.id), str(newer.id)]


def test_a_change_of_weights_is_in_feeds_that_were_built_before(
    client_of: Clients, videos: list[Video], plain_ranking: WeightSet
) -> None:
    ann = client_of("ann")
    before = ann.get(f"{API}/reels").json()["data"][0]["ranking_score"]
    plain_ranking.freshness, plain_ranking.completion = 0.05, 0.50
    plain_ranking.save()
    settings.forget()
    answer = ann.get(f"{API}/reels")
    assert answer["X-Cache"] == "MISS"
    assert answer.json()["data"][0]["ranking_score"] == pytest.approx(before - 0.10, abs=1e-3)
    assert ann.get(f"{API}/reels")["X-Cache"] == "HIT"


def test_a_ramp_moves_people_whose_feed_was_built_before(client_of: Clients, videos: list[Video]) -> None:
    ann = client_of("ann")
    seen = [ann.get(f"{API}/reels")["X-Feed-Variant"]]
    for percent in (0, 100):
        services.set_flag(name="use_new_feed_ranking", percent=Decimal(percent))
        seen.append(ann.get(f"{API}/reels")["X-Feed-Variant"])
    assert seen == ["ranked", "newest", "ranked"]


def test_what_waits_in_the_outbox_is_not_needed_for_a_feed(client_of: Clients, videos: list[Video]) -> None:
    client_of("ann").post(f"{API}/reels/{videos[0].id}/share")
    assert len(first_page(client_of("ann"))) == 40
    assert delivery.deliver() == 1
