"""Where candidates come from."""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from engagement.events import Event
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from ranking import candidates, publishing
from ranking.candidates import EXPLORATION, FOLLOWED, FRESH, POPULAR
from ranking.engine import ids
from ranking.engine.ranking import in_tie_order
from ranking.signal_table import SignalTable
from reels.models import Video

MakeVideo = Callable[..., Video]
MakeEvents = Callable[..., list[Event]]
CROWD = [f"u{number}" for number in range(candidates.TOO_NEW_BELOW_VIEWS)]


@pytest.fixture
def build(engines: None) -> Callable[[], SignalTable]:
    """The table, after ClickHouse has summed what has arrived."""

    def make() -> SignalTable:
        publishing.sum_hours()
        return candidates.build()

    return make


def away(sql: str, parameters: Mapping[str, Any] | None = None) -> None:
    raise ClickHouseError("connection refused", retryable=True)


def sources(table: SignalTable) -> dict[Any, int]:
    found = ids.ids_to_uuids(table.candidates.video_id)
    return dict(zip(found, map(int, table.sources), strict=True))


def column(table: SignalTable, name: str, video: Video) -> float:
    return float(getattr(table.candidates, name)[table.rows([video.id.bytes])[0]])


def test_an_empty_catalogue_gives_an_empty_table(build: Callable[[], SignalTable]) -> None:
    assert len(build()) == 0


def test_fresh_and_popular_videos_are_candidates_once_each(
    build: Callable[[], SignalTable], make_video: MakeVideo, make_events: MakeEvents
) -> None:
    popular, fresh = make_video(age=dt.timedelta(days=20)), make_video()
    make_events(popular, "watch", CROWD, completion_percent=50)
    table = build()
    assert sources(table) == {fresh.id: FRESH | EXPLORATION, popular.id: FRESH | POPULAR}
    assert in_tie_order(table.candidates.created_at, table.candidates.video_id)
    assert [table.creators[each] for each in table.candidates.creator] == [fresh.creator_id, popular.creator_id]


def test_the_table_holds_no_more_than_its_limit_and_keeps_what_is_popular(
    build: Callable[[], SignalTable], make_video: MakeVideo, make_events: MakeEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "LARGEST_TABLE", 3)
    popular = make_video(age=dt.timedelta(days=20))
    newest = [make_video(age=dt.timedelta(hours=hours)) for hours in range(1, 6)]
    make_events(popular, "watch", CROWD, completion_percent=50)
    assert sources(build()) == {
        newest[0].id: FRESH | EXPLORATION,
        newest[1].id: FRESH | EXPLORATION,
        popular.id: POPULAR,
    }


@pytest.mark.parametrize(("views", "is_new"), [(0, True), (29, True), (30, False)])
def test_a_video_is_explored_until_it_has_thirty_views(
    build: Callable[[], SignalTable], make_video: MakeVideo, make_events: MakeEvents, views: int, is_new: bool
) -> None:
    video = make_video()
    make_events(video, "watch", CROWD[:views], completion_percent=50)
    table = build()
    assert bool(sources(table)[video.id] & EXPLORATION) is is_new
    assert bool(column(table, "new", video)) is is_new


@pytest.mark.parametrize(("age_days", "is_new"), [(6.9, True), (7.1, False)])
def test_a_video_is_explored_in_its_first_week(
    build: Callable[[], SignalTable], make_video: MakeVideo, age_days: float, is_new: bool
) -> None:
    video = make_video(age=dt.timedelta(days=age_days))
    assert bool(sources(build())[video.id] & EXPLORATION) is is_new


def test_the_columns_are_what_people_did(
    build: Callable[[], SignalTable], make_video: MakeVideo, make_events: MakeEvents
) -> None:
    video = make_video()
    make_events(video, "watch", ["ann", "ben"], completion_percent=75)
    make_events(video, "watch", ["cleo"], completion_percent=100, watch_ms=500)  # seen, but no view
    make_events(video, "watch", ["dan"], completion_percent=100, age=dt.timedelta(days=31))
    make_events(video, "like", ["ann", "ben"])
    make_events(video, "share", ["ann"])
    make_events(video, "comment", ["ann", "ben", "cleo"])
    table = build()
    names = ("completion_sum", "views_30d", "likes", "shares", "comments", "views")
    assert [column(table, name, video) for name in names] == [1.5, 2, 2, 1, 3, 3]
    assert column(table, "created_at", video) == pytest.approx(video.created_at.timestamp())


def test_an_unpublished_video_is_no_candidate_however_popular(
    build: Callable[[], SignalTable], make_video: MakeVideo, make_events: MakeEvents
) -> None:
    hidden = make_video(is_published=False)
    make_events(hidden, "watch", CROWD, completion_percent=50)
    assert len(build()) == 0


def test_without_clickhouse_fresh_videos_are_still_candidates(
    make_video: MakeVideo, make_events: MakeEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = make_video()
    make_events(video, "like", CROWD)
    monkeypatch.setattr(clickhouse, "select", away)
    table = candidates.build_without_clickhouse()
    assert sources(table) == {video.id: FRESH | EXPLORATION}
    assert (column(table, "likes", video), column(table, "views_30d", video)) == (len(CROWD), 0)


def test_followed_videos_of_thirty_days_are_a_source_of_their_own(make_video: MakeVideo) -> None:
    new = make_video(creator_id="friend", age=dt.timedelta(days=29))
    make_video(creator_id="friend", age=dt.timedelta(days=31))
    make_video(creator_id="friend", is_published=False)
    make_video(creator_id="stranger")
    (found,) = candidates.followed([["friend", "somebody who never published"]])
    assert found == {new.id.bytes}
    assert sources(candidates.table_of_followed(found)) == {new.id: FOLLOWED}


@pytest.mark.parametrize("creators", [[], ["nobody"]])
def test_who_follows_nobody_with_videos_has_no_such_source(engines: None, creators: list[str]) -> None:
    assert candidates.followed([creators]) == [set()]


def test_of_each_person_the_newest_of_many_followed_videos_are_taken(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MOST_FOLLOWED", 2)
    busy = [make_video(creator_id="busy", age=dt.timedelta(hours=hours)).id.bytes for hours in (3, 1, 2)]
    quiet = make_video(creator_id="quiet", age=dt.timedelta(days=9)).id.bytes
    assert candidates.followed([["busy", "quiet"], ["quiet"], []]) == [{busy[1], busy[2]}, {quiet}, set()]


def test_a_followed_video_has_its_signals_with_it(make_video: MakeVideo, make_events: MakeEvents) -> None:
    video = make_video(creator_id="friend")
    make_events(video, "watch", ["ann", "ben"], completion_percent=50)
    publishing.sum_hours()
    table = candidates.table_of_followed([video.id.bytes])
    assert (column(table, "completion_sum", video), column(table, "views_30d", video)) == (1, 2)
