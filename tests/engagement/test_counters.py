"""Counters: the truth in PostgreSQL, and its copies in Redis."""

import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from engagement import counters, delivery, outbox, repairs
from engagement.counters import Counts
from engagement.events import Event
from engagement.models import OutboxEvent, VideoCounter
from nova.clients import redis
from reels.models import Video
from tests.away import redis_away

Queries = Callable[[int], Any]


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video()


def event(video_id: uuid.UUID, kind: str, **given: Any) -> Event:
    return Event(uuid.uuid4(), kind, "ann", timezone.now(), video_id, "cook", **given)


def events(video: Video) -> list[Event]:
    """Two views, three likes of which one was taken back, a share and a comment."""
    kinds = ["watch", "watch", "like", "like", "like", "unlike", "share", "comment"]
    return [event(video.id, kind) for kind in kinds]


ALL = Counts(view=2, like=2, share=1, comment=1)


def copies(video: Video) -> list[int | None]:
    values = redis.connection().mget([f"video:{video.id}:{kind}" for kind in counters.TYPES])
    return [None if value is None else int(value) for value in values]


def test_a_video_that_nobody_touched_has_zeros(video: Video) -> None:
    assert counters.read([video.id]) == {video.id: Counts()}
    assert counters.read([]) == {}


def test_totals_are_what_was_delivered_and_what_waits(video: Video) -> None:
    outbox.write(events(video))
    assert counters.totals([video.id]) == {video.id: ALL}
    delivery.deliver()
    outbox.write([event(video.id, "like"), event(video.id, "unlike"), event(video.id, "unlike")])
    assert counters.totals([video.id]) == {video.id: Counts(view=2, like=1, share=1, comment=1)}


@pytest.mark.parametrize(("watch_ms", "views"), [(None, 1), (1000, 1), (999, 0), (0, 0)])
def test_a_watch_under_a_second_is_no_view_waiting_or_delivered(video: Video, watch_ms: int | None, views: int) -> None:
    outbox.write([event(video.id, "watch", watch_ms=watch_ms)])
    assert counters.totals([video.id])[video.id].view == views
    delivery.deliver()
    assert counters.totals([video.id])[video.id].view == views


def test_a_watch_of_weeks_and_one_that_tells_nonsense_count_while_they_wait(video: Video) -> None:
    """An app may send 2³² − 1 ms, and a newer Nova may have written what this one parks."""
    longest, odd = event(video.id, "watch", watch_ms=2**32 - 1), event(video.id, "watch", watch_ms=2000)
    outbox.write([longest, odd])
    row = OutboxEvent.objects.get(event_id=odd.event_id)
    some: list[object] = [12.5, "long", None, [], 999.9]
    for nonsense in some:
        OutboxEvent.objects.filter(id=row.id).update(payload=row.payload | {"watch_ms": nonsense})
        assert counters.totals([video.id])[video.id].view == (1 if nonsense in (12.5, 999.9) else 2)


def test_what_concerns_no_counter_moves_none(video: Video) -> None:
    counters.read([video.id])
    other = [event(video.id, "not_interested"), Event(uuid.uuid4(), "follow", "ann", timezone.now(), None, "cook")]
    counters.move(other)
    counters.add_delivered(other)
    assert copies(video) == [0, 0, 0, 0]
    assert counters.totals([video.id]) == {video.id: Counts()}


def test_reading_rebuilds_missing_copies_and_then_needs_postgresql_no_more(
    video: Video, django_assert_num_queries: Queries
) -> None:
    outbox.write(events(video))
    assert counters.read([video.id]) == {video.id: ALL}
    assert copies(video) == [2, 2, 1, 1]
    with django_assert_num_queries(0):
        assert counters.read([video.id]) == {video.id: ALL}


def test_one_missing_copy_of_four_is_rebuilt(video: Video) -> None:
    outbox.write(events(video))
    counters.read([video.id])
    redis.connection().delete(counters.key(video.id, "share"))
    assert counters.read([video.id]) == {video.id: ALL}
    assert copies(video) == [2, 2, 1, 1]


def test_copies_do_not_expire(video: Video) -> None:
    counters.read([video.id])
    assert redis.connection().ttl(counters.key(video.id, "like")) == -1


def test_two_rebuilds_at_once_do_not_add_up(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.write(events(video))
    both_have_summed, plain_totals = Barrier(2, timeout=30), counters.totals

    def totals(video_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Counts]:
        found = plain_totals(video_ids)
        both_have_summed.wait()
        return found

    def read(number: int) -> dict[uuid.UUID, Counts]:
        try:
            return counters.read([video.id])
        finally:
            connection.close()

    monkeypatch.setattr(counters, "totals", totals)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(read, range(2))) == [{video.id: ALL}] * 2
    assert copies(video) == [2, 2, 1, 1]


def test_a_slow_rebuild_does_not_undo_what_moved_meanwhile(video: Video, monkeypatch: pytest.MonkeyPatch) -> None:
    plain_totals = counters.totals

    def totals(video_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Counts]:
        found = plain_totals(video_ids)
        monkeypatch.setattr(counters, "totals", plain_totals)
        counters.read([video.id])  # another rebuild is quicker, and then somebody likes the video
        counters.move([event(video.id, "like")])
        return found

    monkeypatch.setattr(counters, "totals", totals)
    counters.read([video.id])
    assert copies(video) == [0, 1, 0, 0]


def test_events_move_the_copies_that_are_there(video: Video) -> None:
    counters.read([video.id])
    counters.move(events(video))
    assert copies(video) == [2, 2, 1, 1]


def test_a_copy_that_is_not_there_is_left_to_the_next_reader(video: Video) -> None:
    redis.connection().set(counters.key(video.id, "like"), 5)
    counters.move(events(video))
    assert copies(video) == [None, 7, None, None]


def test_publishing_repairs_wrong_and_missing_copies(video: Video) -> None:
    outbox.write(events(video))
    redis.connection().set(counters.key(video.id, "like"), 999)
    counters.publish([video.id])
    assert copies(video) == [2, 2, 1, 1]


def test_delivery_has_the_truth_published(video: Video) -> None:
    redis.connection().mset({counters.key(video.id, kind): 999 for kind in counters.TYPES})
    outbox.write(events(video))
    delivery.deliver()
    repairs.settle()
    assert copies(video) == [2, 2, 1, 1]


def test_delivered_events_add_to_the_totals_there_are(video: Video) -> None:
    for _ in range(2):
        counters.add_delivered(events(video))
    counter = VideoCounter.objects.get(video=video)
    assert (counter.view_count, counter.like_count, counter.share_count, counter.comment_count) == (4, 4, 2, 2)


def test_a_video_that_was_deleted_meanwhile_is_passed_over(video: Video) -> None:
    outbox.write([event(uuid.uuid4(), "like"), event(video.id, "like")])
    assert delivery.deliver() == 2
    assert list(VideoCounter.objects.values_list("video_id", "like_count")) == [(video.id, 1)]


def test_without_redis_counts_come_from_postgresql(video: Video) -> None:
    outbox.write(events(video))
    with redis_away():
        assert counters.move(events(video)) is False
        with pytest.raises(redis.RedisError):
            counters.publish([video.id])
        assert counters.read([video.id]) == {video.id: ALL}
