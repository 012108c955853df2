"""The weight set."""

from dataclasses import FrozenInstanceError, replace
from functools import reduce

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ranking.engine.errors import RankingInputError, WeightsError
from ranking.engine.weights import Weights

shares = st.lists(st.integers(0, 1000), min_size=5, max_size=5).filter(any)


def test_the_default_weights_are_the_documented_ones() -> None:
    assert_allclose(Weights().as_array(), [0.15, 0.40, 0.25, 0.15, 0.05], rtol=1e-6)
    assert Weights().as_array().dtype == np.float32


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(WeightsError, match="finite"):
        Weights(freshness=value)


def test_a_negative_weight_is_refused_although_the_sum_is_right() -> None:
    with pytest.raises(WeightsError, match="not negative"):
        Weights(freshness=-0.05, completion=0.60)


@pytest.mark.parametrize("deep", [0.05 + 2e-6, 0.05 - 2e-6, 0.5, 0.0])
def test_weights_that_do_not_sum_to_one_are_refused(deep: float) -> None:
    with pytest.raises(WeightsError, match="sum to 1"):
        Weights(deep=deep)


def test_a_sum_within_a_millionth_of_one_will_do() -> None:
    assert Weights(deep=0.05 + 5e-7).deep == 0.05 + 5e-7


def test_a_wrong_weight_set_is_wrong_input_to_ranking() -> None:
    assert issubclass(WeightsError, RankingInputError)


def test_weights_do_not_change() -> None:
    weights = Weights()
    with pytest.raises(FrozenInstanceError):
        weights.deep = 0.5  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        weights.as_array()[0] = 1.0
    assert replace(weights, deep=0.0, affinity=0.2) != weights


@given(shares)
def test_a_perfect_video_scores_a_hair_below_one_at_most(shares: list[int]) -> None:
    weights = Weights(*(share / sum(shares) for share in shares)).as_array()
    best = reduce(np.add, weights)
    assert 1.0 - 1e-6 < best <= 1.0


def test_weights_whose_rounded_sum_would_pass_one_are_taken_down() -> None:
    exact = np.array([0.22, 0.2, 0.15, 0.23, 0.2])
    assert reduce(np.add, exact.astype(np.float32)) > 1.0
    weights = Weights(*exact).as_array()
    assert reduce(np.add, weights) <= 1.0
    assert_allclose(weights, exact, rtol=1e-6)
