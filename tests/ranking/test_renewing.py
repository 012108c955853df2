"""Feeds built for many people at once are those that each would get alone."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from engagement import history as histories
from engagement import recent, relating, relations
from engagement import services as engagement
from engagement.events import Event
from engagement.models import Block, Follow, NotInterested
from nova.clients import redis
from ranking import candidates, generations, publishing, renewing, services
from ranking.models import FeatureFlag
from ranking.reading import Reading
from ranking.stored_feed import Feed
from reels.models import Video

MakeVideo = Callable[..., Video]
MakeEvents = Callable[..., list[Event]]
PEOPLE = [f"u{number}" for number in range(8)]
PERCENT = Decimal(60)  # of people, whose feeds are ranked
SEEDS = [1, 2, 3]


@dataclass(frozen=True)
class World:
    """Videos in the signal table, and of creators beyond it."""

    inside: list[Video]
    beyond: list[Video]


@pytest.fixture
def world(make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(candidates, "LARGEST_TABLE", 12)
    beyond = [make_video(creator_id=f"friend-{number % 3}", age=dt.timedelta(days=20 + number)) for number in range(6)]
    inside = [make_video(creator_id=f"cook-{number % 5}", age=dt.timedelta(hours=number)) for number in range(12)]
    services.set_flag(name="use_new_feed_ranking", percent=PERCENT)
    publishing.refresh()
    return World(inside, beyond)


@pytest.fixture
def standing_still() -> Iterator[None]:
    with time_machine.travel(timezone.now(), tick=False):
        yield


def live(world: World, seed: int, make_events: MakeEvents) -> None:
    """Have everybody do something of everything, or not."""
    chance = random.Random(seed)
    everything = world.inside + world.beyond
    for user_id in PEOPLE[1:]:  # one of them never did anything
        for video in chance.sample(everything, 3):
            engagement.set_liked(user_id=user_id, video_id=video.id, liked=True)
        relations.set_one(NotInterested, user_id, chance.choice(everything).id, is_active=True)
        for creator in chance.sample(range(3), chance.randrange(3)):
            relations.set_one(Follow, user_id, f"friend-{creator}", is_active=True)
        if chance.random() < 0.5:
            relations.set_one(Block, user_id, f"cook-{chance.randrange(5)}", is_active=True)
        if chance.random() < 0.3:
            relating.set_personalized(user_id=user_id, personalized=False)
        make_events(chance.choice(world.inside), "watch", [user_id], completion_percent=50)
        recent.note(user_id, {f"w:{chance.choice(world.inside).id}": "1"})


def names() -> Iterator[bytes]:
    return (number.to_bytes(8, "big") for number in range(1, 100))


def alone() -> dict[str, Feed]:
    """The feed of each person, built one by one."""
    return {
        user_id: renewing.renew(user_id, Reading(recent=recent.read(user_id), name=name), name)
        for user_id, name in zip(PEOPLE, names(), strict=False)
    }


def together(monkeypatch: pytest.MonkeyPatch) -> dict[str, Feed]:
    """The same with the same names, built at once."""
    following = names()
    monkeypatch.setattr(generations, "new_name", lambda: next(following))
    redis.connection().delete(*map(generations.key, PEOPLE))
    assert renewing.renew_many(PEOPLE) == len(PEOPLE)
    found = {user_id: generations.current(user_id) for user_id in PEOPLE}
    return {user_id: feed for user_id, feed in found.items() if feed}


@pytest.mark.parametrize("seed", SEEDS)
def test_many_feeds_at_once_are_those_of_one_by_one(
    world: World, make_events: MakeEvents, standing_still: None, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    live(world, seed, make_events)
    one_by_one = alone()
    at_once = together(monkeypatch)
    assert list(at_once) == PEOPLE
    for user_id, feed in at_once.items():
        assert feed.to_bytes() == one_by_one[user_id].to_bytes()
    assert {feed.variant for feed in at_once.values()} >= {"ranked", "newest"}


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_sees_what_only_others_follow(
    world: World, make_events: MakeEvents, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    live(world, seed, make_events)
    known = histories.of_many({user_id: recent.read(user_id) for user_id in PEOPLE})
    beyond = {video.id: video.creator_id for video in world.beyond}
    feeds = together(monkeypatch)
    for user_id, feed in feeds.items():
        shown = {beyond[each] for each in feed.video_ids if each in beyond}
        assert shown <= known[user_id].followed
    assert any(set(feed.video_ids) & set(beyond) for feed in feeds.values())


def test_nobody_at_once_is_no_work(engines: None) -> None:
    assert renewing.renew_many([]) == 0


def test_people_of_both_kinds_are_there() -> None:
    """Or the flag would tell nothing apart above."""
    flag = FeatureFlag(name="use_new_feed_ranking", percent=PERCENT)
    assert {flag.is_on_for(user_id) for user_id in PEOPLE} == {True, False}
