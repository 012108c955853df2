"""Decay and runs of one creator."""

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ranking.engine.diversity import (
    crowding_creator,
    decayed_order,
    has_long_run,
    occurrences,
    relieve,
    spread_runs,
)
from ranking.engine.errors import RankingInputError
from ranking.engine.topk import OUT, top_k

few_creators = st.lists(st.integers(0, 3), max_size=40)
very_few_videos = st.lists(st.integers(0, 2), max_size=7)


def runs_of_three(creators: Sequence[int]) -> bool:
    return any(a == b == c for a, b, c in zip(creators, creators[1:], creators[2:], strict=False))


def spread(text: str) -> str:
    """Creators as letters, spread and read back."""
    creators = np.frombuffer(text.encode(), np.uint8)
    return creators[spread_runs(creators)].tobytes().decode()


@given(few_creators)
def test_occurrences_count_what_came_before(creators: list[int]) -> None:
    expected = [creators[:at].count(creator) for at, creator in enumerate(creators)]
    assert occurrences(np.array(creators, np.int64)).tolist() == expected


def test_decay_reorders_as_worked_out_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.5, 0.3], np.float32)
    creators = np.array([1, 1, 1, 2, 2])
    # 0.9, 0.8 × 0.5, 0.7 × 0.25, 0.5, 0.3 × 0.5
    assert_array_equal(decayed_order(scores, creators, 0.5), [0, 3, 1, 2, 4])


def test_a_decay_of_one_changes_nothing() -> None:
    scores = np.linspace(1.0, 0.0, 20, dtype=np.float32)
    assert_array_equal(decayed_order(scores, np.zeros(20, np.int64), 1.0), np.arange(20))


def test_videos_that_tie_after_decay_keep_their_order() -> None:
    scores = np.array([1.0, 1.0, 0.5], np.float32)
    assert_array_equal(decayed_order(scores, np.array([7, 7, 8]), 0.5), [0, 1, 2])


@given(few_creators, st.floats(0.01, 1.0))
def test_decay_keeps_every_video(creators: list[int], decay: float) -> None:
    scores = np.linspace(1.0, 0.0, len(creators), dtype=np.float32)
    order = decayed_order(scores, np.array(creators, np.int64), decay)
    assert sorted(order.tolist()) == list(range(len(creators)))


@given(few_creators, st.floats(0.01, 1.0))
def test_decay_keeps_the_order_within_a_creator(creators: list[int], decay: float) -> None:
    array = np.array(creators, np.int64)
    order = decayed_order(np.linspace(1.0, 0.0, len(creators), dtype=np.float32), array, decay)
    for creator in range(4):
        assert (np.diff(order[array[order] == creator]) > 0).all()


@pytest.mark.parametrize("decay", [0.0, -0.5, 1.1, np.nan])
def test_a_decay_that_does_not_decay_is_refused(decay: float) -> None:
    with pytest.raises(RankingInputError, match="decay"):
        decayed_order(np.zeros(1, np.float32), np.zeros(1, np.int64), decay)


def test_decay_refuses_columns_of_different_lengths() -> None:
    with pytest.raises(RankingInputError, match="creators"):
        decayed_order(np.zeros(2, np.float32), np.zeros(1, np.int64), 0.5)


@given(few_creators)
def test_a_run_of_three_is_seen_where_there_is_one(creators: list[int]) -> None:
    assert has_long_run(np.array(creators, np.int64)) is runs_of_three(creators)


@given(very_few_videos)
def test_a_crowding_creator_is_one_no_order_at_all_can_spread(creators: list[int]) -> None:
    spreadable = any(not runs_of_three(order) for order in permutations(creators))
    assert (crowding_creator(np.array(creators, np.int64)) is None) is spreadable


@given(very_few_videos)
def test_no_three_in_a_row_remain_where_any_order_avoids_them(creators: list[int]) -> None:
    spreadable = any(not runs_of_three(order) for order in permutations(creators))
    after = np.array(creators, np.int64)[spread_runs(creators)].tolist()
    assert runs_of_three(after) is not spreadable


@given(few_creators)
def test_no_three_in_a_row_remain_in_longer_lists_either(creators: list[int]) -> None:
    array = np.array(creators, np.int64)
    assert has_long_run(array[spread_runs(array)]) is (crowding_creator(array) is not None)


@given(few_creators)
def test_spreading_keeps_every_video_and_the_order_within_a_creator(creators: list[int]) -> None:
    array, order = np.array(creators, np.int64), spread_runs(creators)
    assert sorted(order.tolist()) == list(range(len(creators)))
    for creator in range(4):
        assert (np.diff(order[array[order] == creator]) > 0).all()


@given(few_creators)
def test_what_has_no_run_of_three_is_left_alone(creators: list[int]) -> None:
    spread_once = np.array(creators, np.int64)[spread_runs(creators)]
    if not has_long_run(spread_once):
        assert_array_equal(spread_runs(spread_once), np.arange(len(creators)))


@given(few_creators)
def test_a_run_stands_only_where_nobody_else_is_left(creators: list[int]) -> None:
    after = np.array(creators, np.int64)[spread_runs(creators)].tolist()
    for at in range(len(after) - 2):
        if after[at] == after[at + 1] == after[at + 2]:
            assert set(after[at:]) == {after[at]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("AAAB", "AABA"),
        ("AAAABCD", "AABAACD"),
        ("BCAAAAAA", "AABAACAA"),  # all gaps are needed
        ("BCDAAAA", "BCAADAA"),  # the last gap with room takes what is left
        ("BAAAA", "AABAA"),
        ("BAAAAA", "BAAAAA"),  # five of one and one other: no order helps, so the order stays
        ("AAA", "AAA"),
        ("AAABBB", "AABABB"),
        ("ABABA", "ABABA"),
        ("", ""),
    ],
)
def test_runs_spread_as_worked_out_by_hand(before: str, after: str) -> None:
    assert spread(before) == after


def test_a_crowded_list_gets_the_best_of_others_for_its_last() -> None:
    creators = np.array([1] * 8 + [2, 3, 4])
    scores = np.linspace(0.9, 0.1, 11, dtype=np.float32)
    keep, added = relieve(top_k(scores, 8), scores, creators)
    # eight slots need two others; rows 8 and 9 are the best of them
    assert_array_equal(keep, [True] * 6 + [False] * 2)
    assert_array_equal(added, [8, 9])


def test_a_crowded_list_gets_nobody_who_is_out_or_in_it_already() -> None:
    creators = np.array([1, 1, 1, 1, 1, 2, 3, 4])
    scores = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.8, OUT, 0.1], np.float32)
    keep, added = relieve(np.array([0, 1, 2, 3, 4, 5]), scores, creators)
    assert_array_equal(added, [7])
    assert_array_equal(keep, [True, True, True, True, False, True])


def test_a_crowded_list_stays_when_there_is_nobody_else() -> None:
    keep, added = relieve(np.arange(4), np.ones(4, np.float32), np.zeros(4, np.int64))
    assert keep.all()
    assert len(added) == 0


def test_a_list_that_is_not_crowded_stays() -> None:
    keep, added = relieve(np.arange(4), np.ones(6, np.float32), np.array([1, 1, 1, 2, 3, 4]))
    assert keep.all()
    assert len(added) == 0


def test_scores_are_not_touched_by_decay() -> None:
    scores = np.array([0.9, 0.8], np.float32)
    decayed_order(scores, np.array([1, 1]), 0.5)
    assert_allclose(scores, [0.9, 0.8], rtol=1e-6)
