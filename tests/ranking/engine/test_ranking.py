"""Best first, ties by newer video, then smaller id."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ranking.engine.arrays import Float32s, Float64s, Ids
from ranking.engine.errors import RankingInputError
from ranking.engine.ranking import in_tie_order, merged_tie_order, rank, tie_order
from ranking.engine.topk import top_k
from tests.ranking.engine.worlds import seeds

BIG = 2**63  # needs all 64 bits: as a float or as a signed number it would sort wrong


def videos(seed: int, n: int = 40) -> tuple[Float32s, Float64s, Ids]:
    """Scores, times and ids with many ties; ids are unique."""
    rng = np.random.default_rng(seed)
    ids: Ids = np.array([(high, low) for high in (0, 1, BIG, BIG + 1) for low in range(n)], np.uint64)
    scores = (rng.integers(0, 4, n) / 3.0).astype(np.float32)
    return scores, rng.integers(0, 3, n).astype(np.float64), ids[rng.permutation(len(ids))[:n]]


def by_python(scores: Float32s, created_at: Float64s, ids: Ids, limit: int) -> list[int]:
    return sorted(range(len(scores)), key=lambda row: (-float(scores[row]), -created_at[row], *ids[row].tolist()))[
        :limit
    ]


def test_a_known_world_ranks_as_worked_out_by_hand() -> None:
    scores = np.array([0.5, 0.9, 0.5, 0.5, 0.5], np.float32)
    created_at = np.array([10.0, 1.0, 20.0, 10.0, 10.0])
    ids = np.array([[1, 5], [0, 0], [9, 9], [1, 4], [0, BIG]], np.uint64)
    # the best score, then the newest, then ids (0, 2⁶³) < (1, 4) < (1, 5)
    assert_array_equal(rank(scores, created_at, ids, 10), [1, 2, 4, 3, 0])


@given(seeds, st.integers(0, 50))
def test_ranking_is_a_sort_by_score_time_and_id(seed: int, limit: int) -> None:
    assert_array_equal(rank(*videos(seed), limit), by_python(*videos(seed), limit))


@given(seeds, seeds, st.integers(0, 50))
def test_the_order_of_the_input_does_not_matter(seed: int, shuffle: int, limit: int) -> None:
    scores, created_at, ids = videos(seed)
    moved = np.random.default_rng(shuffle).permutation(len(scores))
    assert_array_equal(
        ids[moved][rank(scores[moved], created_at[moved], ids[moved], limit)],
        ids[rank(scores, created_at, ids, limit)],
    )


@given(seeds, st.integers(0, 50))
def test_a_table_in_tie_order_ranks_the_same_without_further_keys(seed: int, limit: int) -> None:
    scores, created_at, ids = videos(seed)
    order = tie_order(created_at, ids)
    assert in_tie_order(created_at[order], ids[order])
    assert_array_equal(order[top_k(scores[order], limit)], rank(scores, created_at, ids, limit))


def test_nothing_ranks_to_nothing() -> None:
    assert rank(np.empty(0, np.float32), np.empty(0), np.empty((0, 2), np.uint64), 5).tolist() == []


def test_a_limit_beyond_the_end_ranks_all() -> None:
    assert len(rank(*videos(1), 1_000)) == 40


def test_all_zeros_rank_by_time_and_id() -> None:
    _, created_at, ids = videos(1)
    assert_array_equal(rank(np.zeros(40, np.float32), created_at, ids, 40), tie_order(created_at, ids))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused(broken: float) -> None:
    scores, created_at, ids = videos(1)
    scores[3] = broken
    with pytest.raises(RankingInputError, match="finite"):
        rank(scores, created_at, ids, 5)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(RankingInputError, match="limit"):
        rank(*videos(1), -1)


def test_columns_of_different_lengths_are_refused() -> None:
    scores, created_at, ids = videos(1)
    with pytest.raises(RankingInputError, match="created_at"):
        rank(scores, created_at[1:], ids, 5)


@pytest.mark.parametrize(
    ("created_at", "ids", "ordered"),
    [
        ([2.0, 1.0], [[5, 0], [1, 0]], True),
        ([1.0, 2.0], [[1, 0], [5, 0]], False),
        ([1.0, 1.0], [[1, 9], [2, 0]], True),
        ([1.0, 1.0], [[2, 0], [1, 9]], False),
        ([1.0, 1.0], [[1, 3], [1, BIG]], True),
        ([1.0, 1.0], [[1, BIG], [1, 3]], False),
        ([1.0, 1.0], [[1, 3], [1, 3]], False),
        ([1.0], [[1, 3]], True),
        ([], np.empty((0, 2)), True),
    ],
)
def test_tie_order_is_newer_then_smaller_id_and_each_video_once(
    created_at: list[float], ids: Any, ordered: bool
) -> None:
    assert in_tie_order(np.array(created_at), np.array(ids, np.uint64)) is ordered


@given(seeds, st.integers(0, 40))
def test_two_tables_are_merged_into_the_order_of_all(seed: int, first: int) -> None:
    """With ids that tie in time across the two, and without: the second is the fast way."""
    _, created_at, ids = videos(seed)
    for times in (created_at, np.arange(40.0)):
        halves = [tie_order(times[:first], ids[:first]), first + tie_order(times[first:], ids[first:])]
        rows = np.concatenate(halves)
        merged = merged_tie_order(times[rows], ids[rows])
        assert_array_equal(rows[merged], tie_order(times, ids))


def test_nothing_and_nothing_merge_to_nothing() -> None:
    assert merged_tie_order(np.empty(0), np.empty((0, 2), np.uint64)).tolist() == []
