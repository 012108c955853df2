"""Following and blocking creators, and videos that are not wanted."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from engagement.models import Block, Follow, NotInterested, OutboxEvent
from nova.clients import redis
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]
MODELS: dict[str, Any] = {"follow": Follow, "block": Block}


def kinds() -> list[str]:
    return list(OutboxEvent.objects.order_by("id").values_list("kind", flat=True))


def feed(client: APIClient, **query: Any) -> dict[str, Any]:
    return client.get(f"{API}/reels", query).json()


def ids(page: dict[str, Any]) -> list[str]:
    return [video["id"] for video in page["data"]]


@pytest.mark.parametrize("what", ["follow", "block"])
def test_a_creator_is_followed_or_blocked_once_however_often_it_is_asked(
    client_of: Clients, engines: None, what: str
) -> None:
    ann, url = client_of("ann"), f"{API}/creators/cook/{what}"
    for _ in range(2):
        answer = ann.post(url)
        assert (answer.status_code, answer.content) == (204, b"")
    row = MODELS[what].objects.get()
    assert (row.user_id, row.creator_id, row.is_active) == ("ann", "cook", True)
    for _ in range(2):
        assert ann.delete(url).status_code == 204
    assert MODELS[what].objects.get().is_active is False
    assert kinds() == [what, f"un{what}"]
    assert OutboxEvent.objects.first().payload["creator_id"] == "cook"  # type: ignore[union-attr]


@pytest.mark.parametrize("what", ["follow", "block"])
def test_taking_back_what_was_never_done_writes_nothing(client_of: Clients, engines: None, what: str) -> None:
    assert client_of("ann").delete(f"{API}/creators/cook/{what}").status_code == 204
    assert not MODELS[what].objects.exists()
    assert kinds() == []


@pytest.mark.parametrize("creator", ["a.b", "ann@example.org", "urn:user:7", "a/b", "ü ✓", "50%", "a/follow", "x" * 64])
def test_any_user_id_may_be_a_creator(client_of: Clients, engines: None, creator: str) -> None:
    assert client_of("ben").post(f"{API}/creators/{quote(creator, safe='')}/follow").status_code == 204
    assert Follow.objects.get().creator_id == creator


@pytest.mark.parametrize("creator", ["x" * 65, "a%00b"])
def test_a_malformed_creator_id_is_nobodys(client_of: Clients, engines: None, creator: str) -> None:
    assert client_of("ann").post(f"{API}/creators/{creator}/block").status_code == 404
    assert not Block.objects.exists()


@pytest.mark.parametrize("what", ["follow", "block"])
def test_nobody_follows_or_blocks_themselves(client_of: Clients, engines: None, what: str) -> None:
    answer = client_of("ann").post(f"{API}/creators/ann/{what}")
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "invalid_input", "id")
    assert f"{what} oneself" in answer.json()["detail"]


def test_following_builds_the_next_first_page_anew(client_of: Clients, make_video: MakeVideo) -> None:
    make_video(creator_id="cook")
    ann = client_of("ann")
    feed(ann)
    ann.post(f"{API}/creators/cook/follow")
    assert [ann.get(f"{API}/reels")["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    ann.post(f"{API}/creators/cook/follow")  # changes nothing
    assert ann.get(f"{API}/reels")["X-Cache"] == "HIT"


def test_the_videos_of_the_blocked_are_out_of_new_and_older_pages_until_it_is_taken_back(
    client_of: Clients, make_video: MakeVideo
) -> None:
    for number in range(80):
        make_video(creator_id=f"creator-{number % 8}")
    ann = client_of("ann")
    first = feed(ann, limit=30)
    second = feed(ann, limit=30, cursor=first["next_cursor"])
    pest = second["data"][0]["creator_id"]
    ann.post(f"{API}/creators/{pest}/block")
    for page in (feed(ann, limit=30), feed(ann, limit=30, cursor=first["next_cursor"])):
        assert page["data"]
        assert pest not in {video["creator_id"] for video in page["data"]}
    assert feed(ann)["total_count"] == 70
    ann.delete(f"{API}/creators/{pest}/block")
    again = feed(ann, limit=30, cursor=first["next_cursor"])
    assert (again["data"], again["total_count"]) == (second["data"], 80)  # its own cursor bears another time
    assert feed(ann)["total_count"] == 80


def test_a_video_that_is_not_wanted_is_out_of_new_and_older_pages_until_it_is_taken_back(
    client_of: Clients, make_video: MakeVideo
) -> None:
    for _ in range(70):
        make_video()
    ann = client_of("ann")
    first = feed(ann, limit=30)
    second = feed(ann, limit=30, cursor=first["next_cursor"])
    unwanted = ids(second)[0]
    for _ in range(2):
        assert ann.post(f"{API}/reels/{unwanted}/not-interested").status_code == 204
    older = feed(ann, limit=30, cursor=first["next_cursor"])
    assert unwanted not in ids(older)
    assert older["total_count"] == feed(ann)["total_count"] == 69
    assert kinds() == ["not_interested"]
    for _ in range(2):
        assert ann.delete(f"{API}/reels/{unwanted}/not-interested").status_code == 204
    assert NotInterested.objects.get().is_active is False
    assert ids(feed(ann, limit=30, cursor=first["next_cursor"])) == ids(second)
    assert feed(ann)["total_count"] == 70


@pytest.mark.parametrize("video_id", ["nonsense", "0f9c0fae-0000-4000-8000-00000000dead"])
def test_there_is_no_being_uninterested_in_what_does_not_exist(
    client_of: Clients, engines: None, video_id: str
) -> None:
    for method in ("post", "delete"):
        answer = getattr(client_of("ann"), method)(f"{API}/reels/{video_id}/not-interested")
        assert (answer.status_code, answer.json()["code"]) == (404, "video_not_found")


def test_a_decision_holds_although_redis_forgot_it(client_of: Clients, make_video: MakeVideo) -> None:
    shown, unwanted = make_video(), make_video()
    ann = client_of("ann")
    ann.post(f"{API}/reels/{unwanted.id}/not-interested")
    redis.connection().flushdb()
    assert ids(feed(ann)) == [str(shown.id)]
