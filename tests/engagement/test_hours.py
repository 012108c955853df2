"""When hours are summed, in ClickHouse."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from engagement import store
from engagement.events import Event
from nova.clients import clickhouse
from ranking import publishing
from reels.models import Video

pytestmark = pytest.mark.usefixtures("engines")
DUE = "SELECT count() FROM signal_hours_due"
WATCHES = "SELECT hour, view_count FROM video_signal_hours FINAL ORDER BY hour DESC"


def note(table: str, column: str, *, hours_ago: int, seconds_ago: float) -> None:
    clickhouse.run(
        f"INSERT INTO {table} (hour, {column}) SELECT toStartOfHour(now()) - toIntervalHour({hours_ago}), "
        f"now64(3) - toIntervalMillisecond({round(1000 * seconds_ago)})"
    )


def watch(video: Video, *, hours_ago: int, user_id: str = "ann") -> Event:
    return Event(
        event_id=uuid.uuid4(),
        kind="watch",
        user_id=user_id,
        occurred_at=timezone.now() - dt.timedelta(hours=hours_ago),
        video_id=video.id,
        creator_id="cook",
        completion_percent=60,
    )


@pytest.mark.parametrize(
    ("touched", "summed", "is_due"),
    [
        (30, None, True),
        (30, 31, True),
        (30, 25, True),  # the insert may have been under way
        (60, 45, False),
        (115, 60, False),
        (125, 100, True),  # by now it is over
        (3_600, 3_500, True),
        (300, 170, False),
    ],
)
def test_an_hour_is_due_when_something_came_and_once_more_when_its_insert_is_over_for_sure(
    touched: float, summed: float | None, is_due: bool
) -> None:
    note("signal_hours_touched", "touched_at", hours_ago=5, seconds_ago=touched)
    if summed is not None:
        note("signal_hours_summed", "summed_at", hours_ago=5, seconds_ago=summed)
    assert clickhouse.select(DUE) == [(is_due,)]


def test_hours_of_which_no_sums_are_kept_are_never_due() -> None:
    note("signal_hours_touched", "touched_at", hours_ago=91 * 24, seconds_ago=1)
    assert clickhouse.select(DUE) == [(0,)]


def test_a_month_of_hours_is_summed_at_once_when_somebody_waits_for_it(make_video: Callable[..., Video]) -> None:
    video = make_video()
    store.insert([watch(video, hours_ago=hours) for hours in range(60)])
    publishing.sum_hours()
    assert [count for _, count in clickhouse.select(WATCHES)] == [1] * 60


def test_the_last_hours_do_not_wait_behind_a_month_that_was_imported(make_video: Callable[..., Video]) -> None:
    video = make_video()
    store.insert([watch(video, hours_ago=hours) for hours in range(60)])
    publishing.sum_hours(at_once=False)
    summed = clickhouse.select(WATCHES)
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    assert 24 <= len(summed) < 60
    assert [hour for hour, _ in summed[:2]] == [now, now - dt.timedelta(hours=1)]


def test_an_hour_in_which_nothing_is_left_stays_due_no_longer_than_an_insert_may_take() -> None:
    """There is nothing to sum in it, so that nothing else would end it."""
    note("signal_hours_touched", "touched_at", hours_ago=3, seconds_ago=125)
    note("signal_hours_touched", "touched_at", hours_ago=4, seconds_ago=60)
    publishing.sum_hours()
    assert clickhouse.select(DUE) == [(1,)]


def test_an_hour_in_which_something_is_left_is_summed(make_video: Callable[..., Video]) -> None:
    store.insert([watch(make_video(), hours_ago=3)])
    clickhouse.run("TRUNCATE TABLE signal_hours_touched")
    note("signal_hours_touched", "touched_at", hours_ago=3, seconds_ago=125)
    clickhouse.run(publishing.NOTHING_LEFT)
    publishing.sum_hours()
    assert [count for _, count in clickhouse.select(WATCHES)] == [1]
