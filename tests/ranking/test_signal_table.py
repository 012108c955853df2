"""The signal table: joined, packed, and found again."""

import datetime as dt
import io

import numpy as np
import orjson
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from ranking import signal_table
from ranking.candidates import FOLLOWED, FRESH
from ranking.engine.ranking import in_tie_order
from ranking.engine.tables import Prior, prepare
from ranking.signal_table import COLUMNS, SignalTable, UnknownFormatError, from_bytes, to_bytes, version_of
from tests.ranking.tables import Row, numbers_of, rows_of, table_of, video_id

EMPTY = table_of()
creators = st.sampled_from(["cook", "baker", "friend", "smith"])
times = st.sampled_from([100.0, 200.0, 300.0])  # few, so that some tie


@st.composite
def two_tables(draw: st.DrawFn) -> tuple[SignalTable, SignalTable]:
    """Two tables of some twenty videos, which may share some."""
    facts = {number: (draw(times), draw(creators)) for number in range(1, 21)}

    def some(views: float, source: int) -> SignalTable:
        numbers = draw(st.sets(st.sampled_from(sorted(facts))))
        rows: list[Row] = [(number, *facts[number]) for number in sorted(numbers)]
        return table_of(*rows, views=views, source=source)

    return some(100, FRESH), some(7, FOLLOWED)


@pytest.fixture
def table() -> SignalTable:
    return table_of((1, 100.0, "cook"), (2, 300.0, "baker"), (3, 200.0, "cook"))


def assert_in_tie_order(table: SignalTable) -> None:
    assert in_tie_order(table.candidates.created_at, table.candidates.video_id)


def test_newer_videos_come_first_and_of_one_time_the_smaller_id() -> None:
    table = table_of((9, 100.0, "a"), (3, 200.0, "b"), (2, 200.0, "c"), (7, 50.0, "a"))
    assert rows_of(table) == [(2, 200.0, "c"), (3, 200.0, "b"), (9, 100.0, "a"), (7, 50.0, "a")]


def test_videos_are_found_by_their_id(table: SignalTable) -> None:
    assert table.rows([video_id(1).bytes, video_id(404).bytes, video_id(2).bytes]).tolist() == [2, 0]
    assert table.rows([]).tolist() == []


def test_a_creator_that_is_not_there_points_past_the_end(table: SignalTable) -> None:
    cook, baker, nobody = table.creator_rows(["cook", "baker", "nobody"])
    assert [table.creators[cook], table.creators[baker], nobody] == ["cook", "baker", 2]


@pytest.mark.parametrize("which", ["some", "none"])
def test_a_table_comes_back_from_its_bytes_as_it_was(table: SignalTable, which: str) -> None:
    table = table if which == "some" else EMPTY
    back = from_bytes(to_bytes(table), "v1")
    assert (back.version, list(back.creators)) == ("v1", list(table.creators))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(back.candidates, name), getattr(table.candidates, name))
        assert getattr(back.candidates, name).dtype == getattr(table.candidates, name).dtype
    np.testing.assert_array_equal(back.sources, table.sources)


def test_creators_of_any_name_come_back() -> None:
    names = ["ünïcode ✓", 'with "quotes"', "line\nfeed"]
    table = table_of(*((number, 1.0, name) for number, name in enumerate(names, 1)))
    assert [creator for _, _, creator in rows_of(from_bytes(to_bytes(table), ""))] == names


def test_a_format_that_is_not_known_is_refused(table: SignalTable) -> None:
    buffer = io.BytesIO()
    head = orjson.dumps({"format": signal_table.FORMAT + 1, "creators": "packed in some new way"})
    np.savez(buffer, head=np.frombuffer(head, np.uint8))
    with pytest.raises(UnknownFormatError, match=str(signal_table.FORMAT + 1)):
        from_bytes(buffer.getvalue(), "v1")


def test_the_same_content_is_the_same_version_at_any_time(table: SignalTable) -> None:
    with time_machine.travel(dt.datetime(2040, 1, 1, tzinfo=dt.UTC)):
        later = version_of(to_bytes(from_bytes(to_bytes(table), "v1")))
    assert version_of(to_bytes(table)) == later


def test_other_content_is_another_version(table: SignalTable) -> None:
    versions = {version_of(to_bytes(each)) for each in (table, EMPTY, table_of((1, 100.0, "cook")))}
    assert len(versions) == 3


def test_joining_adds_the_rows_that_were_missing(table: SignalTable) -> None:
    more = table_of((4, 250.0, "cook"), (5, 50.0, "friend"), views=7, source=FOLLOWED)
    joined = table.joined(more)
    assert rows_of(joined) == [
        (2, 300.0, "baker"),
        (4, 250.0, "cook"),
        (3, 200.0, "cook"),
        (1, 100.0, "cook"),
        (5, 50.0, "friend"),
    ]
    assert joined.sources.tolist() == [FRESH, FOLLOWED, FRESH, FRESH, FOLLOWED]
    assert joined.candidates.views.tolist() == [100, 7, 100, 100, 7]
    assert_in_tie_order(joined)


def test_what_was_there_already_stays_as_it_was(table: SignalTable) -> None:
    joined = table.joined(table_of((2, 300.0, "baker"), (4, 1.0, "friend"), views=7, source=FOLLOWED))
    assert numbers_of(joined) == [2, 3, 1, 4]
    assert joined.candidates.views.tolist() == [100, 100, 100, 7]
    assert joined.sources.tolist() == [FRESH, FRESH, FRESH, FOLLOWED]


@pytest.mark.parametrize("more", [EMPTY, table_of((3, 200.0, "cook"))])
def test_joining_nothing_new_is_the_same_table(table: SignalTable, more: SignalTable) -> None:
    assert table.joined(more) is table


def test_an_empty_table_takes_all_of_the_other(table: SignalTable) -> None:
    assert rows_of(EMPTY.joined(table)) == rows_of(table)


def test_joining_leaves_both_tables_alone(table: SignalTable) -> None:
    more = table_of((4, 250.0, "friend"))
    before = to_bytes(table), to_bytes(more)
    joined = table.joined(more)
    joined.prepared(0.0)
    assert (to_bytes(table), to_bytes(more)) == before
    assert len(table.prepared(0.0)) == len(table)


def test_rows_and_creators_are_found_in_a_joined_table(table: SignalTable) -> None:
    table.rows([]), table.creator_rows([])  # what was looked up before must not be remembered for the new table
    joined = table.joined(table_of((4, 250.0, "friend")))
    assert joined.rows([video_id(4).bytes, video_id(1).bytes]).tolist() == [1, 3]
    assert joined.creators[joined.creator_rows(["friend"])[0]] == "friend"


@given(two_tables(), st.floats(0, 1e6))
def test_what_is_prepared_of_a_joined_table_is_what_all_of_it_with_the_means_of_the_large_one_would_be(
    both: tuple[SignalTable, SignalTable], prior_views: float
) -> None:
    base, more = both
    joined = base.joined(more)
    prepared = joined.prepared(prior_views)
    expected = prepare(joined.candidates, Prior.of(base.candidates, prior_views))
    np.testing.assert_array_equal(prepared.lasting, expected.lasting)
    np.testing.assert_array_equal(prepared.creator, expected.creator)
    assert (prepared.creator_count, prepared.creator.dtype) == (expected.creator_count, expected.creator.dtype)
    assert (prepared.units, prepared.known) == (None, None)
    assert prepared.table is joined.candidates


@given(two_tables())
def test_a_joined_table_has_the_videos_of_both_once_in_tie_order(both: tuple[SignalTable, SignalTable]) -> None:
    base, more = both
    joined = base.joined(more)
    assert_in_tie_order(joined)
    assert set(rows_of(joined)) == set(rows_of(base)) | set(rows_of(more))
    assert len(joined) == len(set(numbers_of(base)) | set(numbers_of(more)))


@given(two_tables(), st.data())
def test_rows_come_in_the_order_asked_for(both: tuple[SignalTable, SignalTable], data: st.DataObject) -> None:
    base, more = both
    asked = data.draw(st.lists(st.integers(1, 25)))  # some are in neither
    for table in (base, base.joined(more)):
        found = table.rows(video_id(number).bytes for number in asked)
        numbers = numbers_of(table)
        assert [numbers[row] for row in found] == [number for number in asked if number in numbers]
        assert found.dtype == np.int64


@given(two_tables())
def test_creators_of_a_joined_table_are_found_by_name(both: tuple[SignalTable, SignalTable]) -> None:
    base, more = both
    joined = base.joined(more)
    names = sorted({*base.creators, *more.creators} & set(joined.creators))
    assert [joined.creators[row] for row in joined.creator_rows(names)] == names
    assert joined.creator_rows(["nobody"]).tolist() == [len(joined.creators)]
    assert len(set(joined.creators)) == len(joined.creators)


def test_what_a_prior_makes_of_a_table_is_made_once(table: SignalTable) -> None:
    joined = table.joined(table_of((4, 250.0, "friend")))
    for each in (table, joined):
        assert each.prepared(20.0) is each.prepared(20.0)
        assert each.prepared(20.0) is not each.prepared(0.0)
