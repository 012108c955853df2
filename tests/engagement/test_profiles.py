"""What is known of people while an engine is away, and when none is."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from engagement import comments, history, profiles, relating, relations
from engagement import services as engagement
from engagement.comments import CommentMade
from engagement.events import Event
from engagement.models import Block, Follow, NotInterested
from engagement.profiles import History
from engagement.recent import Recent
from nova.clients import redis
from ranking.generations import DUE_KEY, PROVISIONAL_LIFETIME
from reels.ids import video_id
from reels.models import Video
from tests.away import clickhouse_away, postgresql_away, redis_away
from tests.conftest import API

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]
MakeEvents = Callable[..., list[Event]]
NOTHING = Recent()
CURRENT = "feed:u:ann"

ids = st.binary(min_size=16, max_size=16)
names = st.text(max_size=20)
numbers = st.dictionaries(names, st.floats(0, 1e9))
histories = st.builds(
    History,
    liked=numbers,
    commented=numbers,
    seen=st.sets(ids),
    not_interested=st.sets(ids),
    followed=st.sets(names),
    blocked=st.sets(names),
    disliked=st.dictionaries(names, st.integers(0, 1000)),
    personalized=st.booleans(),
    is_complete=st.just(False),
)


@given(histories)
def test_a_person_comes_back_from_bytes_as_they_were(known: History) -> None:
    assert profiles._from_bytes(profiles._to_bytes(known)) == known


@pytest.fixture
def videos(make_video: MakeVideo) -> list[Video]:
    return [make_video(creator_id=f"creator-{number}") for number in range(6)]


@pytest.fixture
def ann(client_of: Clients, videos: list[Video], make_events: MakeEvents) -> APIClient:
    """Somebody who did something of everything and whose feed was built since."""
    make_events(videos[0], "watch", ["ann"], completion_percent=50)
    engagement.set_liked(user_id="ann", video_id=videos[1].id, liked=True)
    relations.set_one(Follow, "ann", "creator-1", is_active=True)
    relations.set_one(Block, "ann", "creator-2", is_active=True)
    relations.set_one(NotInterested, "ann", videos[3].id, is_active=True)
    ann = client_of("ann")
    assert shown(ann) == seen_by_ann(videos)
    return ann


def seen_by_ann(videos: list[Video]) -> set[str]:
    """Neither watched, nor of somebody blocked, nor unwanted."""
    return {str(videos[at].id) for at in (1, 4, 5)}


def ask(client: APIClient) -> Any:
    answer = client.get(f"{API}/reels")
    assert answer.status_code == 200
    return answer


def shown(client: APIClient) -> set[str]:
    return {video["id"] for video in ask(client).json()["data"]}


def drop_feed() -> None:
    """And all that Redis noted of what Ann did; not what was known of her."""
    redis.connection().delete(CURRENT, "recent:u:ann")


def test_without_clickhouse_what_was_watched_stays_out(ann: APIClient, videos: list[Video]) -> None:
    drop_feed()
    with clickhouse_away():
        assert shown(ann) == seen_by_ann(videos)


def test_without_clickhouse_what_was_watched_since_stays_out_as_well(ann: APIClient, videos: list[Video]) -> None:
    known = history.of("ann", NOTHING)
    with clickhouse_away():
        found = history.of("ann", Recent(watched=frozenset({videos[4].id.bytes})))
    assert found.seen == known.seen | {videos[4].id.bytes}


def test_without_postgresql_nobody_blocked_and_nothing_unwanted_comes_back(ann: APIClient, videos: list[Video]) -> None:
    drop_feed()
    with postgresql_away():
        answer = ask(ann)
    assert {video["id"] for video in answer.json()["data"]} == seen_by_ann(videos)
    assert (answer["X-Cache"], answer["X-Feed-Variant"]) == ("MISS", "ranked")


def test_without_postgresql_a_person_is_who_they_were(ann: APIClient) -> None:
    known = history.of("ann", NOTHING)
    assert known.liked == {"creator-1": 1.0}
    with postgresql_away():
        remembered = history.of("ann", NOTHING)
    assert remembered == replace(known, is_complete=False)


def test_without_postgresql_what_was_watched_since_stays_out(ann: APIClient, videos: list[Video]) -> None:
    with postgresql_away():
        found = history.of("ann", Recent(watched=frozenset({videos[4].id.bytes})))
    assert videos[4].id.bytes in found.seen


def test_without_both_a_person_is_who_they_were(ann: APIClient) -> None:
    known = history.of("ann", NOTHING)
    with postgresql_away(), clickhouse_away():
        assert history.of("ann", NOTHING) == replace(known, is_complete=False)


def test_of_somebody_who_is_not_remembered_nothing_is_used(ann: APIClient, client_of: Clients) -> None:
    ask(client_of("cleo"))  # so that all cards are known
    with postgresql_away():
        answer = ask(client_of("ben"))
    assert answer["X-Feed-Variant"] == "unpersonalized"
    assert len(answer.json()["data"]) == 6


def test_without_postgresql_and_redis_nothing_is_used(ann: APIClient) -> None:
    with postgresql_away(), redis_away():
        assert history.of("ann", NOTHING) == History(personalized=False, is_complete=False)


def test_who_did_not_want_it_is_not_personalised_while_postgresql_is_away(ann: APIClient) -> None:
    relating.set_personalized(user_id="ann", personalized=False)
    ask(ann)
    with postgresql_away():
        found = history.of("ann", Recent(watched=frozenset({b"v" * 16})))
    assert found == History(blocked={"creator-2"}, personalized=False, is_complete=False)


@pytest.mark.parametrize("away", [clickhouse_away, postgresql_away])
def test_a_feed_of_what_was_remembered_is_soon_built_anew_and_complete(ann: APIClient, away: Callable[[], Any]) -> None:
    drop_feed()
    redis.connection().delete(DUE_KEY)
    with away():
        ask(ann)
    assert 0 < redis.connection().ttl(CURRENT) <= PROVISIONAL_LIFETIME
    redis.connection().delete(CURRENT)
    assert ask(ann)["X-Cache"] == "MISS"
    assert redis.connection().ttl(CURRENT) > 3000


@pytest.mark.parametrize("away", [clickhouse_away, postgresql_away])
def test_a_feed_of_what_was_remembered_is_not_built_ahead(ann: APIClient, away: Callable[[], Any]) -> None:
    drop_feed()
    redis.connection().delete(DUE_KEY)
    with away():
        ask(ann)
    assert redis.connection().zscore(DUE_KEY, "ann") is None


@pytest.mark.parametrize("away", [clickhouse_away, postgresql_away])
def test_what_was_remembered_is_not_remembered_again(ann: APIClient, away: Callable[[], Any]) -> None:
    """Or it would live on from one absence to the next."""
    before = redis.connection().get(profiles.key("ann"))
    redis.connection().expire(profiles.key("ann"), 100)
    drop_feed()
    with away():
        ask(ann)
    assert redis.connection().get(profiles.key("ann")) == before
    assert redis.connection().ttl(profiles.key("ann")) <= 100


def test_a_person_is_remembered_for_a_day(ann: APIClient) -> None:
    assert 24 * 3600 - 10 < redis.connection().ttl(profiles.key("ann")) <= 24 * 3600


def test_many_people_are_each_who_they_are_alone(ann: APIClient, videos: list[Video]) -> None:
    engagement.set_liked(user_id="ben", video_id=videos[5].id, liked=True)
    relating.set_personalized(user_id="cleo", personalized=False)
    relations.set_one(Block, "cleo", "creator-4", is_active=True)
    people = ["ann", "ben", "cleo", "stranger"]
    assert history.of_many(dict.fromkeys(people, NOTHING)) == {
        user_id: history.of(user_id, NOTHING) for user_id in people
    }


def test_a_like_counts_one_and_a_comment_half_for_its_creator() -> None:
    known = History(liked={"both": 2.0, "liked": 1.0}, commented={"both": 3.0, "commented": 1.0})
    assert known.interactions == {"both": 3.5, "liked": 1.0, "commented": 0.5}


def commented(video: Video, days: int) -> CommentMade:
    return CommentMade(uuid.uuid4(), "ann", video.id, timezone.now() - dt.timedelta(days=days))


def test_comments_of_ninety_days_count_for_their_creator(videos: list[Video]) -> None:
    comments.insert([commented(videos[0], days=89), commented(videos[1], days=91)])
    assert history.of("ann", NOTHING).commented == {"creator-0": 1.0}


def test_imported_comments_count_for_their_creator(tmp_path: Path, make_video: MakeVideo) -> None:
    make_video(creator_id="cook", external_id="clip-1", id=video_id("clip-1"))
    path = tmp_path / "events.jsonl"
    at = (timezone.now() - dt.timedelta(days=1)).isoformat()
    line = {"user_id": "ann", "kind": "comment", "video_id": "clip-1", "occurred_at": at}
    path.write_text(json.dumps(line) + "\n")
    for _ in range(2):  # again: nothing new
        call_command("import_engagement", path, verbosity=0)
        assert history.of("ann", NOTHING).interactions == {"cook": 0.5}
