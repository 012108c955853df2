"""The weighted sum."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ranking.engine.arrays import Float32s
from ranking.engine.errors import RankingInputError
from ranking.engine.scoring import SIGNAL_NAMES, clean, score
from ranking.engine.weights import Weights
from tests.ranking.engine.worlds import signal_rows

WEIGHTS = Weights()


def test_a_score_is_the_weighted_sum() -> None:
    # 0.15 × 0.5 + 0.4 × 0.25 + 0.25 × 1 + 0.15 × 0 + 0.05 × 0.8
    assert_allclose(score([[0.5, 0.25, 1.0, 0.0, 0.8]], WEIGHTS), [0.465], rtol=1e-6)


@pytest.mark.parametrize("signal", range(5))
def test_each_signal_has_the_weight_of_its_name(signal: int) -> None:
    row = np.eye(5)[[signal]]
    assert score(row, WEIGHTS)[0] == pytest.approx(getattr(WEIGHTS, SIGNAL_NAMES[signal]))


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_signal_that_is_not_finite_counts_as_zero(broken: float) -> None:
    assert_array_equal(score([[broken, 0.5, 0.5, 0.5, 0.5]], WEIGHTS), score([[0.0, 0.5, 0.5, 0.5, 0.5]], WEIGHTS))


def test_signals_are_cut_to_zero_to_one() -> None:
    assert_array_equal(clean([[-0.5, 1.5, 1e300, -1e300, 0.5]]), [[0.0, 1.0, 1.0, 0.0, 0.5]])


def test_a_signal_a_hair_above_one_is_cut_too() -> None:
    above = np.full((1, 5), np.nextafter(np.float32(1.0), np.float32(2.0)), np.float32)
    assert_array_equal(clean(above), np.ones((1, 5)))


def test_nothing_scores_nothing() -> None:
    assert score(np.empty((0, 5)), WEIGHTS).shape == (0,)


def test_all_zeros_score_zero() -> None:
    assert_array_equal(score(np.zeros((3, 5)), WEIGHTS), [0.0, 0.0, 0.0])


@pytest.mark.parametrize("shape", [(5,), (2, 4), (2, 6), (1, 2, 5)])
def test_signals_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(RankingInputError, match="shape"):
        score(np.zeros(shape), WEIGHTS)


def test_ready_signals_are_not_copied() -> None:
    ready = np.asfortranarray(np.full((3, 5), 0.5, np.float32))
    assert clean(ready) is ready


def test_the_caller_keeps_the_signals_as_they_were() -> None:
    signals = np.full((1, 5), 7.0, np.float32)
    score(signals, WEIGHTS)
    assert_array_equal(signals, np.full((1, 5), 7.0))


def test_negative_zero_becomes_zero() -> None:
    assert not np.signbit(clean(np.full((2, 5), -0.0, np.float32))).any()


@given(signal_rows)
def test_every_score_lies_between_zero_and_one(signals: Float32s) -> None:
    scores = score(signals, WEIGHTS)
    assert scores.dtype == np.float32
    assert ((scores >= 0.0) & (scores <= 1.0)).all()


@given(signal_rows, st.sampled_from("CF"))
def test_a_row_scores_alone_what_it_scores_among_others(signals: Float32s, layout: Any) -> None:
    together = score(np.array(signals, order=layout), WEIGHTS)
    alone = [score(row[np.newaxis], WEIGHTS)[0] for row in signals]
    assert_array_equal(together, np.array(alone, np.float32))


@given(st.lists(st.floats(0.0, 1.0, width=32), min_size=5, max_size=5), st.integers(1, 200))
def test_equal_rows_score_equal_wherever_they_stand(row: list[float], n: int) -> None:
    assert len(np.unique(score(np.tile(np.array(row, np.float32), (n, 1)), WEIGHTS))) == 1


@given(signal_rows)
def test_scores_are_those_of_the_formula_in_double_precision(signals: Float32s) -> None:
    finite = np.where(np.isfinite(signals), signals, 0.0).clip(0.0, 1.0).astype(np.float64)
    assert_allclose(score(signals, WEIGHTS), finite @ [0.15, 0.40, 0.25, 0.15, 0.05], atol=3e-7)
