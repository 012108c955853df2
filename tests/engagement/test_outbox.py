"""Delivery: at least once on the way, exactly once in every count."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from engagement import counters, delivery, outbox, store, totals
from engagement.events import Event, UnknownVersionError
from engagement.models import OutboxEvent, VideoCounter
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from ranking import publishing
from reels.models import Video

HOURS = "SELECT sum(view_count), sum(like_count), sum(share_count), sum(comment_count) FROM video_ranking_signals_1h"


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video(creator_id="cook")


@pytest.fixture
def events(video: Video) -> list[Event]:
    """A view, two likes, a share and a comment."""
    kinds = [("watch", "ann"), ("like", "ann"), ("like", "ben"), ("share", "ann"), ("comment", "ann")]
    return [
        Event(
            event_id=uuid.uuid4(),
            kind=kind,
            user_id=user,
            occurred_at=timezone.now() - dt.timedelta(hours=2),
            video_id=video.id,
            creator_id="cook",
            completion_percent=60 if kind == "watch" else None,
        )
        for kind, user in kinds
    ]


def test_an_event_inserted_twice_counts_once_in_every_aggregate(events: list[Event]) -> None:
    store.insert(events)
    publishing.sum_hours()
    store.insert(events[::-1])
    store.insert(events[:2])
    publishing.sum_hours()
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(5,)]
    assert clickhouse.select(HOURS) == [(1, 2, 1, 1)]
    assert clickhouse.select("SELECT avg(completion_rate) FROM video_ranking_signals_1h") == [(pytest.approx(0.6),)]
    assert clickhouse.select("SELECT count() FROM user_watch_history_realtime FINAL") == [(1,)]
    ties = clickhouse.select("SELECT user_id, like_count, comment_count, interactions FROM user_author_90d ORDER BY 1")
    assert ties == [("ann", 1, 1, 1.5), ("ben", 1, 0, 1.0)]


def test_an_hour_is_summed_again_when_something_late_arrives(events: list[Event]) -> None:
    store.insert(events[:1])
    publishing.sum_hours()
    store.insert(events[1:])
    publishing.sum_hours()
    assert clickhouse.select(HOURS) == [(1, 2, 1, 1)]


def test_an_unlike_takes_the_tie_to_the_creator_back_in_whatever_order_both_arrive(
    events: list[Event],
) -> None:
    like = events[1]
    later = like.occurred_at + dt.timedelta(seconds=1)
    unlike = Event(uuid.uuid4(), "unlike", "ann", later, like.video_id, "cook")
    store.insert([unlike])
    store.insert([like])
    ties = clickhouse.select("SELECT like_count FROM user_author_90d WHERE user_id = 'ann'")
    assert ties == [(0,)]


def test_what_clickhouse_refused_stays_in_the_outbox(events: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    outbox.write(events)

    def fail(events: object) -> None:
        raise ClickHouseError("away", retryable=True)

    with monkeypatch.context() as patched:
        patched.setattr(store, "insert", fail)
        with pytest.raises(ClickHouseError):
            delivery.deliver()
    assert OutboxEvent.objects.count() == 5
    assert delivery.deliver() == 5


def test_a_relay_that_dies_after_the_insert_counts_nothing_twice(events: list[Event], video: Video) -> None:
    outbox.write(events)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        delivery.deliver_batch()
        raise ZeroDivisionError  # the process ends before PostgreSQL commits
    assert delivery.deliver() == 5
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(5,)]
    assert counters.totals([video.id])[video.id] == counters.Counts(1, 2, 1, 1)


def test_counts_are_the_same_before_and_after_delivery(events: list[Event], video: Video) -> None:
    outbox.write(events)
    before = counters.totals([video.id])[video.id]
    delivery.deliver()
    assert counters.totals([video.id])[video.id] == before == counters.Counts(1, 2, 1, 1)


def test_totals_taken_while_events_wait_are_still_right_afterwards(events: list[Event], video: Video) -> None:
    outbox.write(events)
    store.insert(events[:3])  # arrived, but their relay ended before it could say so
    totals.recount([video.id])
    delivery.deliver()
    counter = VideoCounter.objects.get(video=video)
    assert (counter.view_count, counter.share_count, counter.comment_count) == (1, 1, 1)


def test_an_event_of_a_newer_version_is_not_silently_read() -> None:
    with pytest.raises(UnknownVersionError):
        Event.from_payload({"version": 99})
