"""Video cards: from PostgreSQL once, from Redis from then on."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from nova.clients import redis
from reels import cards, catalogue
from reels.models import Sound, Video

MakeVideo = Callable[..., Video]
Queries = Callable[[int], Any]


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def take_away() -> None:
        def fail() -> None:
            raise redis.RedisError("away")

        monkeypatch.setattr(redis, "connection", fail)

    return take_away


def test_a_card_says_what_a_client_shows(make_video: MakeVideo) -> None:
    sound = Sound.objects.create(id="s-1", name="Rain")
    video = make_video(
        title="Soup",
        creator_id="cook",
        hashtags=["soup"],
        sound=sound,
        duration_seconds=12.5,
        created_at=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2))),
    )
    assert cards.load([video.id])[video.id] == {
        "id": str(video.id),
        "title": "Soup",
        "creator_id": "cook",
        "duration_seconds": 12.5,
        "hashtags": ["soup"],
        "sound": {"id": "s-1", "name": "Rain"},
        "category": "cooking",
        "created_at": "2026-01-02T01:04:05Z",
        "stream_url": None,
        "thumbnail_url": None,
    }


def test_a_card_is_the_same_from_postgresql_and_from_redis(
    make_video: MakeVideo, django_assert_num_queries: Queries
) -> None:
    ids = [make_video(title="ünïcode ✓").id, make_video(category="").id]
    with django_assert_num_queries(1):
        made = cards.load(ids)
    with django_assert_num_queries(0):
        assert cards.load(ids) == made


def test_only_missing_cards_are_asked_for(make_video: MakeVideo, django_assert_num_queries: Queries) -> None:
    known, new = make_video(), make_video()
    cards.load([known.id])
    with django_assert_num_queries(1) as queries:
        assert set(cards.load([known.id, new.id])) == {known.id, new.id}
    (query,) = queries.captured_queries
    assert [each.id.hex in query["sql"].replace("-", "") for each in (known, new)] == [False, True]


def test_a_card_does_not_stay_in_redis_for_ever(make_video: MakeVideo) -> None:
    video = make_video()
    cards.load([video.id])
    assert 0 < redis.connection().ttl(f"video:{video.id}:card") <= cards.LIFETIME


def test_without_redis_cards_come_from_postgresql(
    make_video: MakeVideo, without_redis: Callable[[], None], django_assert_num_queries: Queries
) -> None:
    video = make_video()
    before = cards.load([video.id])
    without_redis()
    with django_assert_num_queries(1):
        assert cards.load([video.id]) == before


def test_forgetting_without_redis_is_no_error(make_video: MakeVideo, without_redis: Callable[[], None]) -> None:
    video = make_video()
    without_redis()
    cards.forget([video.id])
    assert video.id in cards.load([video.id])


def test_an_unpublished_video_has_no_card(make_video: MakeVideo) -> None:
    video = make_video(is_published=False)
    assert cards.load([video.id]) == {}
    assert not redis.connection().exists(f"video:{video.id}:card")


def test_an_unknown_video_has_no_card(engines: None) -> None:
    assert cards.load([uuid.uuid4()]) == {}


def test_nothing_asked_for_asks_nobody(engines: None, django_assert_num_queries: Queries) -> None:
    with django_assert_num_queries(0):
        assert cards.load([]) == {}


def test_a_forgotten_card_is_made_anew(make_video: MakeVideo) -> None:
    video, other = make_video(), make_video()
    cards.load([video.id, other.id])
    Video.objects.update(title="Changed behind the back")
    cards.forget([video.id])
    found = cards.load([video.id, other.id])
    assert found[video.id]["title"] == "Changed behind the back"
    assert found[other.id]["title"] == other.title


def test_a_card_made_while_its_video_is_taken_out_does_not_come_back(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader has read the row, then staff take the video out, then the reader writes what it read."""
    video = make_video()
    write = cards._to_redis

    def write_late(made: dict[uuid.UUID, cards.Card]) -> None:
        catalogue.set_published(Video.objects.filter(id=video.id), is_published=False)
        write(made)

    with monkeypatch.context() as patched:
        patched.setattr(cards, "_to_redis", write_late)
        cards.load([video.id])
    assert cards.load([video.id]) == {}
