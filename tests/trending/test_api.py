"""The three endpoints: what they list, what staff decide about it, and what they say to nonsense."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import store
from engagement.events import Event
from engagement.models import Block, Follow
from ranking.publishing import sum_hours
from reels import catalogue
from reels.models import Sound, Video
from tests.conftest import API
from trending import publishing, refreshing, serving
from trending.models import Curation

MakeVideo = Callable[..., Video]
MakeEvents = Callable[..., list[Event]]
PATHS = ["reels/trending-sounds", "reels/trending-hashtags"]


@pytest.fixture
def ann(client_of: Callable[..., APIClient]) -> APIClient:
    return client_of("ann")


@pytest.fixture
def used(make_video: MakeVideo, make_events: MakeEvents) -> Callable[..., Video]:
    """A video with a hashtag and a sound that somebody watched."""

    def make(tag: str, people: int = 1, **given: Any) -> Video:
        age = given.pop("seen", dt.timedelta(minutes=30))
        video = make_video(hashtags=[tag], sound=Sound(id=f"sound-{tag}", name=f"Song {tag}"), **given)
        make_events(
            video, "watch", [f"{tag}-{number}" for number in range(people)], age=age,
            hashtags=(tag,), sound_id=f"sound-{tag}", category=video.category,
        )  # fmt: skip
        return video

    return make


def hashtags(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    serving.forget()
    answer = client.get(f"{API}/reels/trending-hashtags", query)
    assert answer.status_code == 200, answer.content
    return answer.json()["hashtags"]


def names(client: APIClient, **query: Any) -> list[str]:
    return [each["hashtag"] for each in hashtags(client, **query)]


def test_what_most_videos_used_in_a_day_comes_first(ann: APIClient, used: Callable[..., Video]) -> None:
    videos = [used("soup", people=number) for number in (1, 3)]
    used("cake")
    used("old", seen=dt.timedelta(hours=24, minutes=1))
    sum_hours()
    refreshing.refresh()
    answer = ann.get(f"{API}/reels/trending-hashtags").json()
    assert [(each["hashtag"], each["post_count"], each["trend_rank"]) for each in answer["hashtags"]] == [
        ("soup", 2, 1), ("cake", 1, 2)
    ]  # fmt: skip
    assert answer["window"] == "24h"
    assert dt.datetime.fromisoformat(answer["generated_at"]) > timezone.now() - dt.timedelta(minutes=1)
    assert [each["id"] for each in answer["hashtags"][0]["video_samples"]] == [str(videos[1].id), str(videos[0].id)]
    assert set(answer["hashtags"][0]["video_samples"][0]) == {"id", "title", "creator_id", "thumbnail_url"}
    assert "trend_score" not in answer["hashtags"][0]


def test_sounds_come_with_their_names(ann: APIClient, used: Callable[..., Video]) -> None:
    used("soup")
    refreshing.refresh()
    (sound,) = ann.get(f"{API}/reels/trending-sounds").json()["sounds"]
    shown = {name: sound[name] for name in ("id", "name", "usage_count", "rank", "change")}
    assert shown == {"id": "sound-soup", "name": "Song soup", "usage_count": 1, "rank": 1, "change": None}


def test_an_event_delivered_again_changes_no_count(ann: APIClient, used: Callable[..., Video]) -> None:
    video = used("soup", people=3)
    event = Event(
        event_id=video.id, kind="like", user_id="ben", occurred_at=timezone.now(), video_id=video.id,
        creator_id=video.creator_id, hashtags=("soup",), category="cooking",
    )  # fmt: skip
    for _ in range(3):
        store.insert([event])
    refreshing.refresh()
    assert [each["post_count"] for each in hashtags(ann)] == [1]


@pytest.mark.parametrize("kind", ["unlike", "not_interested"])
def test_what_is_taken_back_or_unwanted_does_not_count(
    ann: APIClient, make_video: MakeVideo, make_events: MakeEvents, kind: str
) -> None:
    make_events(make_video(), kind, ["ben"], hashtags=("soup",))
    refreshing.refresh()
    assert names(ann) == []


def test_ones_own_videos_do_not_count(ann: APIClient, make_video: MakeVideo, make_events: MakeEvents) -> None:
    make_events(make_video(creator_id="ben"), "watch", ["ben"], hashtags=("soup",))
    refreshing.refresh()
    assert names(ann) == []


def test_a_rank_says_how_it_changed_since_the_day_before(ann: APIClient, used: Callable[..., Video]) -> None:
    for tag, before, now in (("up", 1, 3), ("down", 2, 1), ("new", 0, 2)):
        for seen, number in ((dt.timedelta(hours=30), before), (dt.timedelta(hours=1), now)):
            for _ in range(number):
                used(tag, seen=seen)
    refreshing.refresh()
    assert [(each["hashtag"], each["change"]) for each in hashtags(ann)] == [("up", 1), ("new", None), ("down", -2)]


def test_a_category_has_lists_of_its_own_and_an_unknown_one_empty_ones(
    ann: APIClient, used: Callable[..., Video]
) -> None:
    used("soup")
    used("goal", category="football")
    refreshing.refresh()
    assert names(ann, category="football") == ["goal"]
    assert names(ann, category="nothing of the kind") == []
    assert len(names(ann, limit=1)) == 1


def test_a_quiet_day_has_empty_lists(ann: APIClient, engines: None) -> None:
    refreshing.refresh()
    assert names(ann) == names(ann, sort="rising") == []
    assert ann.get(f"{API}/reels/trending-sounds").json()["sounds"] == []
    assert ann.get(f"{API}/discover/creators").json() == {"creators": []}


def test_an_unpublished_video_is_no_sample_any_more(ann: APIClient, used: Callable[..., Video]) -> None:
    video = used("soup")
    refreshing.refresh()
    assert len(hashtags(ann)[0]["video_samples"]) == 1
    catalogue.set_published(Video.objects.filter(id=video.id), is_published=False)
    assert hashtags(ann)[0]["video_samples"] == []


@pytest.mark.parametrize("path", [*PATHS, "discover/creators"])
@pytest.mark.parametrize("limit", ["0", "-1", "101", "abc", "1e9", "", "1" * 5000])
def test_a_limit_that_is_none_is_named(ann: APIClient, engines: None, path: str, limit: str) -> None:
    answer = ann.get(f"{API}/{path}", {"limit": limit})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "limit")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("category", ["x" * 10_000, "a\0b", "x" * 65])
def test_a_category_that_cannot_be_is_named(ann: APIClient, engines: None, path: str, category: str) -> None:
    answer = ann.get(f"{API}/{path}", {"category": category})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "category")


@pytest.mark.parametrize("category", ["'; DROP TABLE trending_uses --", '"', "%s", "%(now)s", "\\", "😀", " ", "#"])
def test_a_category_is_only_text(ann: APIClient, engines: None, category: str) -> None:
    for path in PATHS:
        assert ann.get(f"{API}/{path}", {"category": category}).status_code == 200


def test_half_a_surrogate_pair_is_no_server_error(ann: APIClient, engines: None) -> None:
    assert ann.get(f"{API}/reels/trending-hashtags?category=%ED%A0%80").status_code in (200, 400)


@pytest.mark.parametrize("path", PATHS)
def test_an_unknown_sort_is_named(ann: APIClient, engines: None, path: str) -> None:
    answer = ann.get(f"{API}/{path}", {"sort": "fame"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "sort")


@pytest.mark.parametrize("path", [*PATHS, "discover/creators"])
def test_all_of_it_needs_a_token(engines: None, path: str) -> None:
    assert APIClient().get(f"{API}/{path}").status_code == 401


def test_a_block_takes_out_and_a_pin_puts_in_its_place(ann: APIClient, used: Callable[..., Video]) -> None:
    for tag, number in (("a", 3), ("b", 2), ("c", 1)):
        for _ in range(number):
            used(tag)
    refreshing.refresh()
    Curation.objects.create(kind="hashtag", target="a", action="block")
    Curation.objects.create(kind="hashtag", target="c", action="pin", position=1)
    Curation.objects.create(kind="hashtag", target="fresh", action="pin", position=2)
    assert [(each["hashtag"], each["trend_rank"], each["post_count"]) for each in hashtags(ann)] == [
        ("c", 1, 1), ("fresh", 2, 0), ("b", 3, 2)
    ]  # fmt: skip
    assert names(ann, sort="rising") == ["c", "fresh"]
    assert {each["trend_score"] for each in hashtags(ann, sort="rising")} == {0.0}
    assert len(ann.get(f"{API}/reels/trending-sounds").json()["sounds"]) == 3


def test_a_curation_of_a_category_and_one_that_ran_out(ann: APIClient, used: Callable[..., Video]) -> None:
    used("soup")
    refreshing.refresh()
    Curation.objects.create(kind="hashtag", target="soup", action="block", category="cooking")
    Curation.objects.create(
        kind="hashtag", target="late", action="pin", position=1, until=timezone.now() - dt.timedelta(seconds=1)
    )
    assert names(ann) == ["soup"]
    assert names(ann, category="cooking") == []


def follow(creator: str, people: list[str], *, age: dt.timedelta = dt.timedelta(hours=2), active: bool = True) -> None:
    rows = [
        Follow(user_id=each, creator_id=creator, is_active=active, changed_at=timezone.now() - age) for each in people
    ]
    Follow.objects.bulk_create(rows)


def creators(client: APIClient, **query: Any) -> list[dict[str, Any]]:
    return client.get(f"{API}/discover/creators", query).json()["creators"]


CROWD = [f"person-{number}" for number in range(60)]


def test_creators_are_ranked_by_how_they_grow(ann: APIClient, make_video: MakeVideo) -> None:
    for creator in ("grower", "tiny", "steady", "falling", "ghost"):
        if creator != "ghost":
            make_video(creator_id=creator)
    follow("grower", CROWD[:30], age=dt.timedelta(days=3))
    follow("grower", CROWD[30:])
    follow("tiny", CROWD[:1], age=dt.timedelta(days=3))
    follow("tiny", CROWD[1:3])
    follow("steady", CROWD, age=dt.timedelta(days=3))
    follow("falling", CROWD[:5], active=False)
    follow("ghost", CROWD)  # has published nothing
    refreshing.refresh()
    grower, tiny = creators(ann)
    assert (grower["id"], grower["follower_count"], grower["growth_24h"], grower["growth_rate"]) == (
        "grower",
        60,
        30,
        1.0,
    )
    assert (tiny["id"], tiny["growth_24h"]) == ("tiny", 2)
    assert len(grower["preview_videos"]) == 1
    assert [each["id"] for each in creators(ann, limit=1)] == ["grower"]


def test_whom_one_follows_or_blocked_and_oneself_are_left_out_at_once(ann: APIClient, make_video: MakeVideo) -> None:
    for creator in ("friend", "foe", "ann", "stranger"):
        make_video(creator_id=creator)
        follow(creator, CROWD[:10])
    refreshing.refresh()
    Follow.objects.create(user_id="ann", creator_id="friend")
    Block.objects.create(user_id="ann", creator_id="foe")
    assert [each["id"] for each in creators(ann)] == ["stranger"]


def test_a_creator_whose_videos_are_gone_is_not_shown(ann: APIClient, make_video: MakeVideo) -> None:
    video = make_video(creator_id="grower")
    follow("grower", CROWD)
    refreshing.refresh()
    catalogue.set_published(Video.objects.filter(id=video.id), is_published=False)
    assert creators(ann) == []


def test_an_erased_creator_leaves_the_list(make_video: MakeVideo, engines: None) -> None:
    for creator in ("grower", "other"):
        make_video(creator_id=creator)
        follow(creator, CROWD)
    refreshing.refresh()
    refreshing.forget_creator("grower")
    content = publishing.creators.last()
    assert content is not None
    assert [each["id"] for each in content["creators"]] == ["other"]
