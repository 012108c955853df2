"""Who may build a feed: nobody keeps others from it for longer than they build."""

import datetime as dt
import time
from collections.abc import Callable, Sequence

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import relations
from engagement.events import Event
from engagement.models import Follow
from nova.clients import redis
from ranking import ahead, building, candidates, feed, generations, publishing, renewing, settings, tasks
from ranking.building import Wanted
from ranking.models import WeightSet
from ranking.reading import Reading
from ranking.stored_feed import Feed
from reels.models import Video
from tests.away import postgresql_away, redis_away
from tests.conftest import API
from tests.ranking.pages import ask

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]
MakeEvents = Callable[..., list[Event]]


@pytest.mark.parametrize("query", [{"cursor": "x"}, {"limit": "0"}])
def test_a_request_that_is_refused_takes_no_right_to_build(
    client_of: Clients, make_video: MakeVideo, query: dict[str, str]
) -> None:
    video = make_video()
    ann = client_of("ann")
    ask(ann)
    ann.post(f"{API}/reels/{video.id}/like")
    assert ask(ann, **query).status_code == 400
    assert ask(ann)["X-Cache"] == "MISS"


def test_who_begins_again_after_an_expired_cursor_gets_a_new_feed(client_of: Clients, make_video: MakeVideo) -> None:
    for _ in range(35):
        make_video()
    cursor = ask(client_of("ann"), limit=30).json()["next_cursor"]
    redis.connection().delete("feed:u:ann")  # expired
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=61)):
        ann = client_of("ann")
        assert ask(ann, cursor=cursor).json()["code"] == "cursor_expired"
        assert ask(ann)["X-Cache"] == "MISS"


def test_a_method_that_is_not_there_takes_no_right_to_build(client_of: Clients, make_video: MakeVideo) -> None:
    make_video()
    ann = client_of("ann")
    assert ann.put(f"{API}/reels", {}).status_code == 405
    assert not redis.connection().exists("feed:b:ann")


def test_a_feed_of_other_settings_is_no_hit_while_somebody_builds(
    client_of: Clients, make_video: MakeVideo, plain_ranking: WeightSet
) -> None:
    make_video()
    ann = client_of("ann")
    ask(ann)
    plain_ranking.freshness, plain_ranking.completion = 0.05, 0.50
    plain_ranking.save()
    settings.forget()
    assert generations.lock("ann", generations.new_name())  # somebody builds
    assert ask(ann)["X-Cache"] == "STALE"


def test_a_batch_gives_everybody_whom_they_follow(make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "LARGEST_TABLE", 1)
    monkeypatch.setattr(candidates, "MOST_FOLLOWED", 2)
    quiet = make_video(creator_id="quiet", age=dt.timedelta(days=9))
    for hours in range(1, 6):
        make_video(creator_id="busy", age=dt.timedelta(hours=hours))
    relations.set_one(Follow, "ann", "busy", is_active=True)
    relations.set_one(Follow, "ben", "quiet", is_active=True)
    assert quiet.id in renewing.renew("ben", Reading(), generations.new_name()).video_ids
    redis.connection().delete("feed:u:ben")
    renewing.renew_many(["ann", "ben"])
    current = generations.current("ben")
    assert current and quiet.id in current.video_ids


def test_a_warm_up_outlives_redis_being_away(make_video: MakeVideo, make_events: MakeEvents) -> None:
    make_events(make_video(), "watch", ["ann"], completion_percent=50)
    with redis_away():
        assert tasks.warm_feeds.apply((10, 10)).result == 0


def test_a_batch_that_failed_gives_its_rights_back(client_of: Clients, make_video: MakeVideo) -> None:
    video = make_video()
    ann = client_of("ann")
    ask(ann)
    ann.post(f"{API}/reels/{video.id}/like")
    publishing.tables.forget()
    with postgresql_away():
        assert tasks.build_ahead() == 0
    assert ask(ann)["X-Cache"] == "MISS"


def test_a_batch_that_failed_is_tried_again(client_of: Clients, make_video: MakeVideo) -> None:
    video = make_video()
    ann = client_of("ann")
    ask(ann)
    ann.post(f"{API}/reels/{video.id}/like")
    publishing.tables.forget()
    with postgresql_away():
        assert tasks.build_ahead() == 0
    redis.connection().delete("feed:b:ann")
    assert tasks.build_ahead() == 1


def test_a_corrupt_list_is_built_anew_at_once(client_of: Clients, make_video: MakeVideo) -> None:
    make_video()
    ann = client_of("ann")
    ask(ann)
    (key,) = redis.connection().keys("feed:g3:ann:*")
    redis.connection().set(key, b"\xff" * 60, ex=100)
    started = time.perf_counter()
    ask(ann)
    assert time.perf_counter() - started < feed.LONGEST_WAIT


def test_a_like_while_a_feed_is_built_ahead_has_it_built_again(
    client_of: Clients, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = [make_video() for _ in range(3)]
    ann = client_of("ann")
    ask(ann)
    ann.post(f"{API}/reels/{videos[0].id}/like")
    build = building.build

    def slow(wanted: Sequence[Wanted]) -> list[Feed]:
        made = build(wanted)
        monkeypatch.setattr(building, "build", build)
        ann.post(f"{API}/reels/{videos[1].id}/like")
        return made

    monkeypatch.setattr(building, "build", slow)
    ahead.build_due()
    assert ask(ann)["X-Cache"] == "HIT"


def test_who_is_erased_while_a_feed_is_built_ahead_leaves_no_profile(
    client_of: Clients, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    videos = [make_video() for _ in range(3)]
    ann = client_of("ann")
    ask(ann)
    ann.post(f"{API}/reels/{videos[0].id}/like")
    build = building.build

    def slow(wanted: Sequence[Wanted]) -> list[Feed]:
        made = build(wanted)
        ann.delete(f"{API}/me")
        return made

    monkeypatch.setattr(building, "build", slow)
    ahead.build_due()
    assert not redis.connection().exists("feed:u:ann")
    assert redis.connection().zscore("feed:due", "ann") is None
