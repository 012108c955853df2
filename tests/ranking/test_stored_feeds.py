"""What feeds know of what a person did not want, and how they lie in Redis."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone
from rest_framework.test import APIClient

from engagement.models import NotInterested
from nova.clients import redis
from ranking import generations
from ranking.models import WeightSet
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]


def explained(client: APIClient) -> dict[str, dict[str, float]]:
    """Score and explanation by creator."""
    data = client.get(f"{API}/reels", {"explain": "1"}).json()["data"]
    return {video["creator_id"]: video["explain"] | {"score": video["ranking_score"]} for video in data}


def test_a_creator_is_weighted_down_for_each_video_not_wanted_lately_and_staff_can_see_it(
    client_of: Clients, make_video: MakeVideo, plain_ranking: WeightSet
) -> None:
    unwanted = [make_video(creator_id="pest") for _ in range(3)]
    for creator in ("pest", "cook"):
        make_video(creator_id=creator)
    ann = client_of("ann", admin=True)
    before = explained(ann)
    for video in unwanted:
        ann.post(f"{API}/reels/{video.id}/not-interested")
    NotInterested.objects.filter(video=unwanted[0]).update(changed_at=timezone.now() - dt.timedelta(days=91))
    after = explained(ann)
    assert after["pest"]["creator_factor"] == pytest.approx(0.49)
    assert after["pest"]["score"] == pytest.approx(0.49 * before["pest"]["score"], abs=1e-4)
    assert "creator_factor" not in after["cook"]
    assert after["cook"]["score"] == pytest.approx(before["cook"]["score"], abs=1e-4)
    for video in unwanted:
        ann.delete(f"{API}/reels/{video.id}/not-interested")
    assert "creator_factor" not in explained(ann)["pest"]


@pytest.mark.parametrize("raw", [b"\x00\x00\x00\x00\x07", b"\x01", b"\x02", b"\xff" * 60])
def test_a_feed_that_another_version_stored_is_built_anew(
    client_of: Clients, make_video: MakeVideo, raw: bytes
) -> None:
    for _ in range(40):
        make_video()
    ann = client_of("ann")
    cursor = ann.get(f"{API}/reels", {"limit": 30}).json()["next_cursor"]
    for query in ({}, {"cursor": cursor}):
        (key,) = redis.connection().keys("feed:g3:ann:*")
        redis.connection().set(key, raw, ex=100)
        answer = ann.get(f"{API}/reels", query)
        assert (answer.status_code, answer["X-Cache"]) == (200, "MISS")
        redis.connection().delete(*redis.connection().keys("feed:g3:ann:*"), "feed:u:ann")
        ann.get(f"{API}/reels")


def test_an_older_nova_finds_no_list_of_this_one_and_this_one_none_of_it(
    client_of: Clients, make_video: MakeVideo
) -> None:
    make_video()
    ann = client_of("ann")
    ann.get(f"{API}/reels")
    generation = redis.connection().get("feed:u:ann").decode()
    assert not redis.connection().exists(f"feed:g:ann:{generation}")
    redis.connection().rename(f"feed:g3:ann:{generation}", f"feed:g:ann:{generation}")
    assert ann.get(f"{API}/reels")["X-Cache"] == "MISS"


def test_the_lists_of_a_person_are_found_and_forgotten_and_nobody_elses(
    client_of: Clients, make_video: MakeVideo
) -> None:
    video = make_video()
    for user in ("ann", "s:ann", "ben"):
        for _ in range(3):
            client_of(user).get(f"{API}/reels")
            client_of(user).post(f"{API}/reels/{video.id}/like")
            client_of(user).delete(f"{API}/reels/{video.id}/like")
    assert [len(generations.held(user)) for user in ("ann", "s:ann", "ben")] == [3, 3, 3]
    generations.forget("ann")
    generations.forget("stranger")
    assert not [key for key in redis.connection().keys("feed:*") if b":ann" in key and b"s:ann" not in key]
    assert [len(generations.held(user)) for user in ("ann", "s:ann", "ben")] == [0, 3, 3]


def test_the_index_of_lists_lives_as_long_as_they_do_and_does_not_grow(
    client_of: Clients, make_video: MakeVideo
) -> None:
    for _ in range(40):
        make_video()
    ann = client_of("ann")
    cursor = ann.get(f"{API}/reels", {"limit": 30}).json()["next_cursor"]
    redis.connection().expire("feed:gs:ann", 10)
    ann.get(f"{API}/reels", {"cursor": cursor})
    assert redis.connection().ttl("feed:gs:ann") > generations.PAGING_LIFETIME - 10
    with time_machine.travel(timezone.now() + dt.timedelta(hours=3)):
        ann = client_of("ann")
        redis.connection().delete("feed:u:ann")
        ann.get(f"{API}/reels")
    assert redis.connection().zcard("feed:gs:ann") == 1
