"""What was made elsewhere: taken over once, however often it is told."""

import datetime as dt
import itertools
import uuid
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.utils import timezone

from engagement import cdc, counters, delivery, watching
from engagement.events import comment_id, given_id
from engagement.models import Comment, Follow, OutboxEvent
from engagement.signals import taste_changed
from nova.clients import clickhouse
from nova.clients.kafka_consumer import Record
from reels import erasures
from reels.ids import video_id
from reels.models import Erasure, Video

offsets = itertools.count()
Told = dict[str, Any]


def ago(**time: float) -> str:
    return (timezone.now() - dt.timedelta(**time)).isoformat()


def video(op: str = "upsert", **given: Any) -> Told:
    usual = {"id": "clip-1", "creator_id": "cook", "title": "Soup", "created_at": ago(hours=5)}
    return {"version": 1, "type": "video", "op": op, "video": usual | given}


def comment(**given: Any) -> Told:
    usual = {"id": "c-1", "user_id": "ann", "video_id": "clip-1", "created_at": ago(hours=1)}
    return {"version": 1, "type": "comment", "op": "create", "comment": usual | given}


def follow(op: str = "create", **given: Any) -> Told:
    usual = {"user_id": "ann", "creator_id": "cook", "occurred_at": ago(hours=1)}
    return {"version": 1, "type": "follow", "op": op, "follow": usual | given}


def handle(*told: Told | bytes) -> list[str]:
    """The reasons of what was refused."""
    values = [each if isinstance(each, bytes) else orjson.dumps(each) for each in told]
    records = [Record("cdc.posts", 0, next(offsets), None, value, ()) for value in values]
    return [letter.reason for letter in cdc.handle(records)]


def outbox() -> list[tuple[str, str]]:
    return list(OutboxEvent.objects.order_by("id").values_list("user_id", "kind"))


BAD = [
    (b"{", "not JSON"),
    (b"[]", "not a JSON object"),
    (video() | {"version": 2}, "version 2 is not known here"),
    (video() | {"version": None}, "version is missing"),
    (video() | {"version": "1"}, "version is not a whole number"),
    (video() | {"type": None}, "type is missing"),
    (video() | {"type": "song"}, "type 'song' with op 'upsert' is not known"),
    (video("create"), "type 'video' with op 'create' is not known"),
    (video() | {"video": None}, "video is missing"),
    (video() | {"video": []}, "video is not an object"),
    (video(title=None), "title is missing"),
    (video(created_at="2999-01-01T00:00:00Z"), "created_at is before 2000 or in the future"),
    ({"version": 1, "type": "video", "op": "delete", "video": {}}, "id is missing"),
    (comment() | {"op": "delete"}, "type 'comment' with op 'delete' is not known"),
    (comment(id=None), "id is missing"),
    (comment(user_id=7), "user_id is not a string"),
    (comment(created_at=ago(days=401)), "created_at is longer ago than the 400 days that events are kept"),
    (comment(video_id="nowhere"), "video_id is not in the catalogue"),
    (follow(creator_id="ann"), "one cannot follow oneself"),
    (follow(occurred_at="today"), "occurred_at is not an ISO 8601 time"),
    (follow("upsert"), "type 'follow' with op 'upsert' is not known"),
]


@pytest.mark.parametrize(("told", "reason"), BAD)
def test_what_cannot_be_used_is_told_and_the_rest_is_taken(engines: None, told: Told | bytes, reason: str) -> None:
    (refused,) = handle(video(id="clip-2"), told, comment(video_id="clip-2"))
    assert refused.startswith(reason)
    assert Comment.objects.count() == 1


def test_a_video_is_made_and_changed_and_the_last_word_counts(engines: None) -> None:
    assert handle(video(), video(title="Stew"), video(title="Broth")) == []
    found = Video.objects.get(external_id="clip-1")
    assert (found.title, found.creator_id, found.is_published) == ("Broth", "cook", True)


def test_a_deleted_video_stays_out_whatever_is_told_later(engines: None) -> None:
    handle(video())
    handle(video("delete", id="clip-1"))
    handle(video(title="Stew"))
    found = Video.objects.get(external_id="clip-1")
    assert (found.title, found.is_published) == ("Stew", False)


def test_deleting_what_is_not_there_changes_nothing(engines: None) -> None:
    assert handle(video("delete")) == []
    assert not Video.objects.exists()


def test_videos_of_an_erased_creator_stay_out(engines: None) -> None:
    Erasure.objects.create(person=erasures.person("cook"))
    assert handle(video()) == []
    assert not Video.objects.exists()


def test_a_comment_raises_the_videos_count_at_once(engines: None) -> None:
    known = video_id("clip-1")
    handle(video())
    assert counters.read([known])[known].comment == 0
    handle(comment())
    assert counters.read([known])[known].comment == 1


def test_a_comment_is_an_event_that_knows_its_video(engines: None) -> None:
    handle(video(hashtags=["soup"], category="cooking", sound={"id": "song"}), comment())
    (waiting,) = OutboxEvent.objects.all()
    assert waiting.event_id == comment_id("c-1") == Comment.objects.get().id
    told = {name: waiting.payload[name] for name in ("creator_id", "hashtags", "category", "sound_id")}
    assert told == {"creator_id": "cook", "hashtags": ["soup"], "category": "cooking", "sound_id": "song"}


def test_a_comment_is_not_in_the_way_of_an_event_that_a_client_gave_the_same_id(
    make_video: Callable[..., Video],
) -> None:
    handle(video())
    known = video_id("clip-1")
    watching.watch(user_id="ann", watches=[watching.Watch(known, 50, event_id="17")])
    assert handle(comment(id="17")) == []
    assert given_id("17") != comment_id("17")
    delivery.deliver()
    assert sorted(clickhouse.select("SELECT kind FROM engagement_events")) == [("comment",), ("watch",)]
    assert counters.totals([known])[known] == counters.Counts(view=1, comment=1)


def test_a_comment_rebuilds_the_feed_of_who_wrote_it(engines: None) -> None:
    told: list[str] = []

    def listen(user_ids: list[str], **given: object) -> bool:
        told.extend(user_ids)
        return True

    taste_changed.connect(listen)
    try:
        handle(video(), comment(), comment(id="c-2", user_id="ben"))
    finally:
        taste_changed.disconnect(listen)
    assert sorted(told) == ["ann", "ben"]


def test_comments_of_erased_people_and_on_their_videos_stay_out(engines: None) -> None:
    handle(video(), video(id="clip-2", creator_id="dan"))
    for person in ("ann", "dan"):
        Erasure.objects.create(person=erasures.person(person))
    assert handle(comment(), comment(id="c-2", user_id="ben", video_id="clip-2")) == []
    assert not Comment.objects.exists()
    assert outbox() == []


def test_a_comment_on_a_video_that_was_taken_out_was_made_all_the_same(engines: None) -> None:
    assert handle(video(), video("delete"), comment()) == []
    assert Comment.objects.count() == 1


def test_a_follow_is_state_and_event(engines: None) -> None:
    assert handle(follow()) == []
    assert Follow.objects.get().is_active
    assert outbox() == [("ann", "follow")]


def test_of_a_follow_of_years_ago_only_the_state_is_taken(engines: None) -> None:
    assert handle(follow(occurred_at=ago(days=800))) == []
    assert Follow.objects.get().is_active
    assert outbox() == []


def test_an_older_follow_told_late_changes_nothing(engines: None) -> None:
    handle(follow(occurred_at=ago(hours=3)))
    handle(follow("delete", occurred_at=ago(hours=2)))
    handle(follow(occurred_at=ago(hours=2.5)))
    assert not Follow.objects.get().is_active
    assert outbox() == [("ann", "follow"), ("ann", "unfollow")]


def test_of_two_changes_in_one_batch_the_later_one_holds(engines: None) -> None:
    handle(follow("delete", occurred_at=ago(hours=1)), follow(occurred_at=ago(hours=2)))
    assert not Follow.objects.get().is_active
    assert outbox() == []


@pytest.mark.parametrize("person", ["ann", "cook"])
def test_follows_of_erased_people_stay_out(engines: None, person: str) -> None:
    Erasure.objects.create(person=erasures.person(person))
    assert handle(follow()) == []
    assert not Follow.objects.exists()


@pytest.mark.parametrize("at_once", [True, False])
def test_telling_everything_again_changes_nothing(make_video: Callable[..., Video], at_once: bool) -> None:
    story = [
        video(),
        comment(),
        video(id=str(uuid.uuid4()), title="Stew"),
        follow(occurred_at=ago(hours=3)),
        comment(id="c-2", user_id="ben"),
        follow("delete", occurred_at=ago(hours=2)),
        video("delete"),
        follow(user_id="ben"),
    ]
    for each in story:
        handle(each)
    before = state()
    if at_once:
        assert handle(*story) == []
    else:
        assert [handle(each) for each in story] == [[]] * len(story)
    assert state() == before


def state() -> list[object]:
    return [
        list(Video.objects.order_by("id").values()),
        list(Comment.objects.order_by("id").values()),
        list(Follow.objects.order_by("user_id").values()),
        outbox(),
    ]
