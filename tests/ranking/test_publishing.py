"""The signal table on its way to every worker."""

import datetime as dt
import io
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import orjson
import pytest
import structlog

from engagement.events import Event
from nova import remembered
from nova.clients import clickhouse, redis
from nova.clients.clickhouse import ClickHouseError
from ranking import candidates, publishing, tasks
from ranking.publishing import LOOK_EVERY, Tables
from ranking.signal_table import FORMAT, SignalTable
from reels.models import Video
from tests.away import clickhouse_away
from tests.ranking.tables import rows_of, table_of

pytestmark = pytest.mark.usefixtures("engines")
FIRST = table_of((1, 100.0, "cook"))
SECOND = table_of((1, 100.0, "cook"), (2, 200.0, "baker"))


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let so much time pass that workers look again."""
    now = [1_000.0]
    monkeypatch.setattr(remembered, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def add() -> None:
        now[0] += LOOK_EVERY + 0.01

    return add


@pytest.fixture
def take_redis_away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def away() -> None:
        raise redis.RedisError("away")

    return lambda: monkeypatch.setattr(redis, "connection", away)


def same(table: SignalTable, other: SignalTable) -> bool:
    return rows_of(table) == rows_of(other)


def test_what_was_published_is_what_another_process_gets() -> None:
    publishing.publish(SECOND)
    assert same(Tables().get(), SECOND)


def test_a_newer_table_replaces_the_one_before(pass_time: Callable[[], None]) -> None:
    worker = Tables()
    publishing.publish(FIRST)
    assert same(worker.get(), FIRST)
    publishing.publish(SECOND)
    assert same(worker.get(), FIRST)  # it looks once in a while, not in every request
    pass_time()
    assert same(worker.get(), SECOND)


def test_the_same_content_published_again_is_not_loaded_again(pass_time: Callable[[], None]) -> None:
    worker = Tables()
    publishing.publish(FIRST)
    before = worker.get()
    publishing.publish(table_of((1, 100.0, "cook")))
    pass_time()
    assert worker.get() is before


def test_without_redis_a_worker_keeps_its_copy(
    pass_time: Callable[[], None], take_redis_away: Callable[[], None]
) -> None:
    worker = Tables()
    publishing.publish(FIRST)
    before = worker.get()
    take_redis_away()
    pass_time()
    assert worker.get() is before


def test_a_redis_that_was_emptied_leaves_the_copy_in_use(pass_time: Callable[[], None]) -> None:
    worker = Tables()
    publishing.publish(FIRST)
    before = worker.get()
    redis.connection().flushdb()
    pass_time()
    assert worker.get() is before


def test_when_nothing_was_ever_published_a_worker_builds_one(make_video: Callable[..., Video]) -> None:
    video = make_video()
    assert len(Tables().get().rows([video.id.bytes])) == 1


def test_without_redis_a_new_worker_builds_one(
    make_video: Callable[..., Video], take_redis_away: Callable[[], None]
) -> None:
    video = make_video()
    publishing.publish(FIRST)
    take_redis_away()
    assert len(Tables().get().rows([video.id.bytes])) == 1


def test_what_a_worker_built_gives_way_to_what_is_published(pass_time: Callable[[], None]) -> None:
    worker = Tables()
    assert len(worker.get()) == 0
    publishing.publish(FIRST)
    pass_time()
    assert same(worker.get(), FIRST)


def of_a_newer_format() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, head=np.frombuffer(orjson.dumps({"format": FORMAT + 1}), np.uint8))
    return buffer.getvalue()


def test_a_table_of_a_newer_nova_leaves_the_copy_in_use(pass_time: Callable[[], None]) -> None:
    """During a deployment old and new processes share one Redis."""
    worker = Tables()
    publishing.publish(FIRST)
    before = worker.get()
    redis.connection().mset({publishing.TABLE_KEY: of_a_newer_format(), publishing.VERSION_KEY: "newer"})
    pass_time()
    assert worker.get() is before


def test_a_new_worker_that_cannot_read_the_table_builds_one(make_video: Callable[..., Video]) -> None:
    video = make_video()
    redis.connection().mset({publishing.TABLE_KEY: of_a_newer_format(), publishing.VERSION_KEY: "newer"})
    assert len(Tables().get().rows([video.id.bytes])) == 1


def test_refreshing_publishes_what_people_did(make_video: Callable[..., Video]) -> None:
    video = make_video()
    table = publishing.refresh()
    assert len(table.rows([video.id.bytes])) == 1
    assert same(Tables().get(), table)


def test_a_refresh_that_fails_leaves_what_was_published(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(sql: str, **given: object) -> None:
        raise ClickHouseError("away", retryable=True)

    publishing.publish(SECOND)
    monkeypatch.setattr(clickhouse, "run", away)
    with pytest.raises(ClickHouseError):
        publishing.refresh()
    assert same(Tables().get(), SECOND)


def test_signals_that_cannot_be_read_are_not_published_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    publishing.publish(SECOND)

    def away(*given: object, **more: object) -> None:
        raise ClickHouseError("too slow", retryable=True)

    monkeypatch.setattr(clickhouse, "select", away)
    with pytest.raises(ClickHouseError):
        publishing.refresh()
    assert same(Tables().get(), SECOND)


def test_the_scheduled_refresh_outlives_an_engine_that_is_away(take_redis_away: Callable[[], None]) -> None:
    take_redis_away()
    with structlog.testing.capture_logs() as logs:
        assert tasks.refresh_signals() == 0
    assert [each["event"] for each in logs] == ["signals_not_refreshed"]


def test_the_scheduled_refresh_tells_how_many(make_video: Callable[..., Video]) -> None:
    make_video()
    assert tasks.refresh_signals() == len(candidates.build()) == 1


def test_a_refresh_that_somebody_is_at_already_is_left_to_them(make_video: Callable[..., Video]) -> None:
    make_video()
    with redis.alone("refresh-signals", seconds=10) as is_alone:
        assert is_alone
        assert publishing.refresh_alone() is None
        assert tasks.refresh_signals() == 0
    assert not redis.connection().exists(publishing.TABLE_KEY)


def test_a_refresh_lets_the_next_one_in(make_video: Callable[..., Video]) -> None:
    make_video()
    assert [len(publishing.refresh_alone() or ()) for _ in range(2)] == [1, 1]


def test_a_refresh_that_failed_lets_the_next_one_in(make_video: Callable[..., Video]) -> None:
    make_video()
    with clickhouse_away(), pytest.raises(ClickHouseError):
        publishing.refresh_alone()
    assert len(publishing.refresh_alone() or ()) == 1


@pytest.mark.parametrize(
    ("changed", "rested", "at_once", "with_past"),
    [
        (True, True, False, True),
        (True, False, False, False),
        (True, False, True, True),
        (False, True, True, False),
        (False, True, False, False),
    ],
)
def test_the_past_is_summed_when_it_changed_and_there_is_time_for_it(
    monkeypatch: pytest.MonkeyPatch, changed: bool, rested: bool, at_once: bool, with_past: bool
) -> None:
    summed: list[str] = []
    monkeypatch.setattr(publishing, "_refresh", summed.append)
    answers = {publishing.DUE: [(0,)], publishing.PAST: [(changed, rested)]}
    monkeypatch.setattr(clickhouse, "select", answers.__getitem__)
    monkeypatch.setattr(clickhouse, "run", lambda sql, timeout: None)
    publishing.sum_hours(at_once=at_once)
    assert summed == ["video_signal_hours_fill"] + ["video_signal_past_fill"] * with_past


def completions(table: SignalTable, video: Video) -> float:
    return float(table.candidates.completion_sum[table.rows([video.id.bytes])[0]])


def test_watches_of_an_hour_that_the_sums_of_the_past_hold_already_are_counted_at_once(
    make_video: Callable[..., Video], make_events: Callable[..., list[Event]]
) -> None:
    video = make_video(age=dt.timedelta(days=5))
    for users in (["ann"], ["ben", "cleo"]):  # the second time in an hour that was summed
        make_events(video, "watch", users, completion_percent=100, age=dt.timedelta(days=3))
        table = publishing.refresh()
    assert completions(table, video) == 3


def test_watches_of_the_past_and_of_this_hour_are_counted_once_each(
    make_video: Callable[..., Video], make_events: Callable[..., list[Event]]
) -> None:
    video = make_video(age=dt.timedelta(days=5))
    for hours in (0.1, 1, 2, 3, 4, 50):
        make_events(video, "watch", [f"u{hours}"], completion_percent=100, age=dt.timedelta(hours=hours))
    assert [completions(publishing.refresh(), video) for _ in range(2)] == [6, 6]
