"""Videos as ready JSON, as true as a page must be."""

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from django.utils import timezone

from engagement import counters, following, outbox, ready
from engagement.events import Event
from engagement.following import EVERY, TOO_LATE, Follower
from engagement.ready import FRESH_FOR, FRESH_WHILE_HEARD, STANDS_IN_FOR, Ready
from nova import remembered
from nova.clients import redis
from reels import catalogue, changes
from reels.models import Video
from tests.away import postgresql_away, redis_away

MakeVideo = Callable[..., Video]
PassTime = Callable[[float], None]
WITHIN = 1.0  # seconds: how old counters may be


@pytest.fixture
def video(make_video: MakeVideo) -> Video:
    return make_video()


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> PassTime:
    """Let seconds pass for what is kept."""
    now = [1_000.0]
    monkeypatch.setattr(ready, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def add(seconds: float) -> None:
        now[0] += seconds

    return add


def shown(*videos: Video) -> list[dict[str, Any]]:
    return [orjson.loads(each.json + b"}") for each in read(videos)]


def read(videos: Sequence[Video]) -> list[Ready]:
    return ready.videos([video.id.bytes for video in videos])


def likes(video: Video) -> int:
    return int(shown(video)[0]["like_count"])


def like_elsewhere(video: Video) -> None:
    """As another process would show it."""
    event = Event(uuid.uuid4(), "like", "ben", timezone.now(), video.id, video.creator_id)
    outbox.write([event])
    assert counters.move([event])


def like_unheard(video: Video) -> None:
    """Without a word to those who follow changes."""
    redis.connection().incr(counters.key(video.id, "like"))


def test_a_video_has_its_card_and_its_counters(video: Video) -> None:
    like_elsewhere(video)
    (found,) = shown(video)
    assert (found["id"], found["title"], found["like_count"], found["view_count"]) == (str(video.id), video.title, 1, 0)


def test_its_creator_can_be_asked_for(video: Video) -> None:
    assert read([video])[0].creator_id == video.creator_id


def test_videos_come_in_the_order_asked_for(make_video: MakeVideo) -> None:
    videos = [make_video() for _ in range(4)]
    shown(videos[2])  # some are known, some are not
    assert [each["id"] for each in shown(*reversed(videos))] == [str(video.id) for video in reversed(videos)]


def test_what_is_in_redis_needs_no_postgresql(video: Video) -> None:
    shown(video)
    ready.forget_all()
    with postgresql_away():
        assert shown(video)[0]["id"] == str(video.id)


def test_what_redis_lost_comes_from_postgresql_and_is_put_back(video: Video) -> None:
    like_elsewhere(video)
    redis.connection().flushdb()
    assert likes(video) == 1
    assert redis.connection().get(counters.key(video.id, "like")) == b"1"


def test_what_another_process_counted_is_seen_after_half_a_second(video: Video, pass_time: PassTime) -> None:
    assert likes(video) == 0
    like_elsewhere(video)
    assert likes(video) == 0
    pass_time(FRESH_FOR + 0.01)
    assert likes(video) == 1


def test_what_this_process_changed_is_seen_at_once(video: Video, pass_time: PassTime) -> None:
    assert likes(video) == 0
    like_elsewhere(video)
    ready.forget([video.id])
    assert likes(video) == 1


def test_a_video_that_is_unpublished_vanishes_at_once_in_this_process(video: Video, pass_time: PassTime) -> None:
    shown(video)
    catalogue.set_published(Video.objects.filter(id=video.id), is_published=False)
    assert read([video])[0].json == b""


def test_a_video_that_is_unpublished_elsewhere_vanishes_after_half_a_second(video: Video, pass_time: PassTime) -> None:
    shown(video)
    known = dict(ready._known)
    catalogue.set_published(Video.objects.filter(id=video.id), is_published=False)
    ready._known.update(known)  # another process was told nothing
    assert read([video])[0].json
    pass_time(FRESH_FOR + 0.01)
    assert read([video])[0].json == b""


def test_a_video_that_never_was_has_nothing_to_show(engines: None) -> None:
    assert [each.json for each in ready.videos([uuid.uuid4().bytes])] == [b""]


def test_that_there_is_nothing_to_show_is_remembered_as_well(engines: None) -> None:
    nothing = uuid.uuid4().bytes
    ready.videos([nothing])
    with redis_away(), postgresql_away():
        assert [each.json for each in ready.videos([nothing])] == [b""]


def test_no_more_is_kept_than_there_is_room_for(make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "LARGEST", 10)
    videos = [make_video() for _ in range(24)]
    for start in range(0, 24, 3):
        assert [each["id"] for each in shown(*videos[start : start + 3])] == [
            str(video.id) for video in videos[start : start + 3]
        ]
        assert len(ready._known) <= 10


def test_without_redis_what_was_read_a_moment_ago_is_shown(video: Video, pass_time: PassTime) -> None:
    shown(video)
    like_elsewhere(video)
    pass_time(STANDS_IN_FOR - 0.1)
    with redis_away():
        assert likes(video) == 0


def test_without_redis_what_is_older_comes_from_postgresql(video: Video, pass_time: PassTime) -> None:
    shown(video)
    like_elsewhere(video)
    pass_time(STANDS_IN_FOR + 0.1)
    with redis_away():
        assert likes(video) == 1


def test_without_redis_what_was_never_read_comes_from_postgresql(make_video: MakeVideo, pass_time: PassTime) -> None:
    known, new = make_video(), make_video()
    shown(known)
    pass_time(FRESH_FOR + 0.1)
    with redis_away():
        assert [each["id"] for each in shown(known, new)] == [str(known.id), str(new.id)]


def test_without_both_videos_are_as_they_were_seen_last(video: Video, pass_time: PassTime) -> None:
    shown(video)
    like_elsewhere(video)
    pass_time(3600)
    with redis_away(), postgresql_away():
        assert likes(video) == 0


def test_without_both_what_was_never_seen_is_left_out(make_video: MakeVideo, pass_time: PassTime) -> None:
    known, new = make_video(), make_video()
    shown(known)
    pass_time(3600)
    with redis_away(), postgresql_away():
        found = read([known, new])
    assert [bool(each.json) for each in found] == [True, False]


class Ending(threading.Thread):
    """A thread that may be ended from inside."""

    def run(self) -> None:
        with suppress(SystemExit):
            super().run()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    """This process follows changes, as a web worker does, until the test is over."""
    is_over = threading.Event()

    def drop(ids: set[bytes]) -> None:
        if is_over.is_set():
            raise SystemExit
        ready._drop(ids)

    follower = Follower(drop)
    monkeypatch.setattr(ready, "follower", follower)
    monkeypatch.setattr(remembered, "in_background", True)
    monkeypatch.setattr(following, "threading", SimpleNamespace(Thread=Ending))
    monkeypatch.setattr(following, "TOO_LATE", 30.0)  # on a machine that has much to do
    wait_until(follower.is_heard)
    yield follower
    is_over.set()
    for thread in threading.enumerate():
        if isinstance(thread, Ending):
            thread.join(10)


def wait_until(is_so: Callable[[], bool], seconds: float = 10) -> float:
    """How many seconds that took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds
        time.sleep(0.01)
    return time.monotonic() - started


def test_a_change_that_is_heard_of_is_seen_within_a_second(video: Video, heard: Follower) -> None:
    assert likes(video) == 0
    like_elsewhere(video)
    assert wait_until(lambda: likes(video) == 1) < WITHIN


def test_who_hears_of_one_video_keeps_the_others(make_video: MakeVideo, heard: Follower) -> None:
    changed, same = make_video(), make_video()
    shown(changed, same)
    time.sleep(3 * EVERY)  # what was told when they were made has been heard
    (before,) = read([same])
    like_elsewhere(changed)
    wait_until(lambda: likes(changed) == 1)
    assert read([same])[0] is before


def test_a_video_that_is_unpublished_elsewhere_is_heard_of(video: Video, heard: Follower) -> None:
    shown(video)
    known = dict(ready._known)
    catalogue.set_published(Video.objects.filter(id=video.id), is_published=False)
    ready._known.update(known)
    assert wait_until(lambda: read([video])[0].json == b"") < WITHIN


def test_what_was_put_back_just_after_it_was_dropped_is_dropped_again(video: Video, heard: Follower) -> None:
    shown(video)
    before = dict(ready._known)
    like_elsewhere(video)
    wait_until(lambda: video.id.bytes not in ready._known)
    ready._known.update(before)  # by whoever had read it before the change
    assert wait_until(lambda: likes(video) == 1) < WITHIN


def test_what_was_missed_while_redis_was_away_is_not_believed(video: Video, heard: Follower) -> None:
    shown(video)
    with redis_away():
        heard_at = heard._heard_at
        time.sleep(2 * EVERY)
        assert heard._heard_at <= heard_at
    wait_until(lambda: heard._heard_at > heard_at)  # it goes on when Redis is back
    like_elsewhere(video)
    assert wait_until(lambda: likes(video) == 1) < WITHIN


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Have this process hear the last word so many seconds ago."""
    follower = Follower(ready._drop)
    follower._process = os.getpid()  # its thread is there already, and silent
    monkeypatch.setattr(ready, "follower", follower)
    monkeypatch.setattr(remembered, "in_background", True)

    def tell(seconds_ago: float) -> None:
        follower._heard_at = time.monotonic() - seconds_ago

    return tell


def test_who_is_told_of_changes_believes_what_it_keeps_for_longer(
    video: Video, pass_time: PassTime, told: Callable[[float], None]
) -> None:
    shown(video)
    like_unheard(video)
    pass_time(FRESH_WHILE_HEARD - 0.1)
    told(0)
    assert likes(video) == 0
    pass_time(0.2)
    assert likes(video) == 1


def test_without_word_for_too_long_what_is_kept_is_not_believed(
    video: Video, pass_time: PassTime, told: Callable[[float], None]
) -> None:
    shown(video)
    like_unheard(video)
    pass_time(FRESH_FOR + 0.1)
    told(TOO_LATE + 0.1)
    assert likes(video) == 1


def test_who_is_not_the_web_does_not_follow(
    video: Video, pass_time: PassTime, told: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "in_background", False)
    told(0)
    shown(video)
    like_unheard(video)
    pass_time(FRESH_FOR + 0.1)
    assert likes(video) == 1


def test_counters_are_never_older_than_a_second() -> None:
    assert FRESH_FOR < WITHIN
    assert TOO_LATE < WITHIN
    assert 2 * EVERY < TOO_LATE


def test_what_moves_a_counter_is_told(video: Video) -> None:
    before = changes.newest()
    like_elsewhere(video)
    assert changes.since(before)[0] == {video.id.bytes}
