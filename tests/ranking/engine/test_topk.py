"""The best k against a full sort."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ranking.engine.arrays import Float32s, Rows
from ranking.engine.errors import RankingInputError
from ranking.engine.topk import OUT, best_first, contenders, eligible_top_k, top_k
from tests.ranking.engine.worlds import seeds, tied_scores


def by_full_sort(scores: Float32s, k: int) -> Rows:
    return np.lexsort((np.arange(len(scores)), -scores.astype(np.float64)))[:k]


def large(seed: int, n: int = 6_000, levels: int | None = None) -> Float32s:
    scores = np.random.default_rng(seed).random(n, dtype=np.float32)
    return scores if levels is None else np.floor(scores * levels).astype(np.float32) / np.float32(levels)


@given(tied_scores, st.integers(0, 40))
def test_the_best_k_are_the_first_k_of_a_full_sort(scores: Float32s, k: int) -> None:
    assert_array_equal(top_k(scores, k), by_full_sort(scores, k))


@pytest.mark.parametrize("k", [1, 3, 100, 500, 1_499, 1_501, 5_999, 6_000, 7_000])
@pytest.mark.parametrize("levels", [None, 2, 50])
def test_the_best_k_of_many_are_the_first_k_of_a_full_sort(k: int, levels: int | None) -> None:
    scores = large(1, levels=levels)
    assert_array_equal(top_k(scores, k), by_full_sort(scores, k))


@given(seeds)
def test_a_sampled_floor_never_changes_the_answer(seed: int) -> None:
    scores = large(seed, levels=300)
    assert_array_equal(top_k(scores, 100), by_full_sort(scores, 100))


def test_a_sample_that_misleads_costs_time_and_not_the_answer() -> None:
    scores = large(2)
    scores[::16] += np.float32(1.0)  # every sampled row is better than all that are not
    scores /= np.float32(2.0)
    assert_array_equal(top_k(scores, 1_000), by_full_sort(scores, 1_000))


def test_few_rows_are_left_to_sort() -> None:
    assert 500 <= len(contenders(large(3, n=20_000), 500)) < 2_000


def test_rows_that_tie_with_the_last_contend_too() -> None:
    assert_array_equal(contenders(np.array([0.5, 0.9, 0.5, 0.1], np.float32), 2), [0, 1, 2])


def test_equal_scores_keep_their_order() -> None:
    assert_array_equal(best_first(np.zeros(5, np.float32)), np.arange(5))


def test_the_best_of_nothing_is_nothing() -> None:
    assert len(top_k(np.empty(0, np.float32), 5)) == 0


def test_a_negative_k_is_refused() -> None:
    with pytest.raises(RankingInputError, match="k must not be negative"):
        top_k(np.zeros(3, np.float32), -1)


def test_rows_that_are_out_never_come_back() -> None:
    scores = np.array([OUT, 0.0, 0.5, OUT, 0.7], np.float32)
    assert_array_equal(eligible_top_k(scores, 4), [4, 2, 1])
    assert_array_equal(eligible_top_k(scores, 2), [4, 2])


def test_nothing_is_left_when_all_are_out() -> None:
    assert len(eligible_top_k(np.full(3, OUT), 2)) == 0
    assert len(eligible_top_k(np.empty(0, np.float32), 2)) == 0
