"""The list that a process holds of a person stands for the one in Redis, as long as that is there."""

from collections.abc import Callable, Iterator

import pytest
from rest_framework.test import APIClient

from nova.clients import redis
from ranking import reading
from ranking.stored_feed import Feed
from reels.models import Video
from tests.conftest import API
from tests.ranking.pages import ask, ids

MakeVideo = Callable[..., Video]


@pytest.fixture(autouse=True)
def held() -> Iterator[dict[str, Feed]]:
    reading._held.clear()
    yield reading._held
    reading._held.clear()


@pytest.fixture
def ann(client_of: Callable[..., APIClient], make_video: MakeVideo) -> APIClient:
    for _ in range(70):
        make_video()
    client = client_of("ann")
    client.get(f"{API}/reels")
    return client


def test_a_list_is_fetched_once_and_served_as_it_was_fetched(ann: APIClient, held: dict[str, Feed]) -> None:
    first = ask(ann).json()
    fetched = held["ann"]
    again = ask(ann)
    assert held["ann"] is fetched
    assert (again["X-Cache"], again.json()["data"]) == ("HIT", first["data"])
    assert reading.read("ann").feed is fetched


def test_later_pages_go_on_in_it(ann: APIClient, held: dict[str, Feed]) -> None:
    first = ask(ann, limit=30).json()
    second = ask(ann, limit=30, cursor=first["next_cursor"])
    assert second["X-Cache"] == "HIT"
    assert reading.read("ann", held["ann"].generation).feed is held["ann"]
    assert not set(ids(second)) & {each["id"] for each in first["data"]}


def test_one_that_redis_lost_is_not_served(ann: APIClient) -> None:
    ask(ann)
    redis.connection().delete(*redis.connection().keys("feed:g*:ann:*"))
    assert ask(ann)["X-Cache"] == "MISS"


def test_one_that_another_process_replaced_is_not_served(ann: APIClient, held: dict[str, Feed]) -> None:
    ask(ann)
    old = held["ann"]
    ann.post(f"{API}/reels/{ask(ann).json()['data'][0]['id']}/like")
    assert ask(ann)["X-Cache"] == "MISS"
    held["ann"] = old
    assert reading.read("ann").feed is not old
    assert ask(ann)["X-Cache"] == "HIT"
    assert held["ann"].generation != old.generation


def test_there_is_room_for_so_many(ann: APIClient, held: dict[str, Feed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_HELD", 2)
    ask(ann)
    for name in ("ben", "eve", "joe"):
        reading._hold(name, held.get("ann") or Feed(b"8 bytes.", "ranked", b"", None, b""))  # type: ignore[arg-type]
        assert len(held) <= 2
