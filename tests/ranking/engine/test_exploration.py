"""Slots for videos that are too new to have signals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ranking.engine.arrays import Mask, Rows
from ranking.engine.errors import RankingInputError
from ranking.engine.exploration import exploration_slots, explore
from tests.ranking.engine.worlds import seeds

shares = st.floats(0.0, 1.0)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def world(n: int, length: int, seed: int) -> tuple[Rows, Mask]:
    """An order of `length` rows out of n and a mask of candidates, some of them in the order."""
    random = rng(seed)
    return random.permutation(n)[:length], random.random(n) < 0.3


@given(st.integers(0, 600), shares, seeds)
def test_slots_are_evenly_spaced_and_never_the_first_two(length: int, share: float, seed: int) -> None:
    slots = exploration_slots(length, share, rng(seed))
    assert ((slots >= 2) & (slots < length)).all()
    assert len(set(np.diff(slots).tolist())) <= 1


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.5])
def test_slots_take_the_share_they_are_given(share: float) -> None:
    taken = [len(exploration_slots(502, share, rng(seed))) for seed in range(200)]
    assert set(taken) <= {int(500 * share), int(500 * share) + 1}


def test_the_first_slot_is_random() -> None:
    assert {int(exploration_slots(500, 0.05, rng(seed))[0]) for seed in range(400)} == set(range(2, 22))


def test_no_share_explores_nothing() -> None:
    order, candidates = world(50, 20, 1)
    rows, explored = explore(order, candidates, 0.0, rng())
    assert_array_equal(rows, order)
    assert not explored.any()


def test_a_tiny_share_is_no_error() -> None:
    assert len(exploration_slots(100, 5e-324, rng())) == 0


def test_a_list_of_two_is_not_explored() -> None:
    assert len(exploration_slots(2, 1.0, rng())) == 0


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_is_between_zero_and_one(share: float) -> None:
    with pytest.raises(RankingInputError, match="share"):
        exploration_slots(10, share, rng())


@given(st.integers(0, 60), st.integers(0, 60), shares, seeds)
def test_exploring_keeps_the_length_and_shows_nothing_twice(n: int, length: int, share: float, seed: int) -> None:
    order, candidates = world(n, min(n, length), seed)
    rows, explored = explore(order, candidates, share, rng(seed))
    assert len(rows) == len(explored) == len(order)
    assert len(set(rows.tolist())) == len(rows)


@given(st.integers(1, 60), shares, seeds)
def test_explored_slots_hold_candidates_and_the_others_keep_their_order(n: int, share: float, seed: int) -> None:
    order, candidates = world(n, n // 2, seed)
    rows, explored = explore(order, candidates, share, rng(seed))
    assert candidates[rows[explored]].all()
    kept = rows[~explored].tolist()
    assert kept == [row for row in order.tolist() if row in kept]


def test_as_many_are_explored_as_there_are_slots() -> None:
    rows, explored = explore(np.arange(100), np.arange(200) >= 100, 0.05, rng())
    slots = exploration_slots(100, 0.05, rng())
    assert_array_equal(np.flatnonzero(explored), slots)
    assert (rows[slots] >= 100).all()


def test_without_candidates_nothing_changes() -> None:
    rows, explored = explore(np.arange(30), np.zeros(30, np.bool_), 0.5, rng())
    assert_array_equal(rows, np.arange(30))
    assert not explored.any()


def test_one_candidate_takes_the_first_slot_alone() -> None:
    rows, explored = explore(np.arange(30), np.arange(31) == 30, 1.0, rng())
    assert_array_equal(rows, [0, 1, 30, *range(2, 29)])
    assert_array_equal(np.flatnonzero(explored), [2])


def test_a_candidate_that_ranks_already_moves_to_its_slot() -> None:
    rows, _ = explore(np.arange(5), np.arange(5) == 0, 1.0, rng())
    assert_array_equal(rows, [1, 2, 0, 3, 4])


def test_every_candidate_has_its_turn() -> None:
    seen = {int(row) for seed in range(200) for row in explore(np.arange(10), np.arange(30) > 19, 0.1, rng(seed))[0]}
    assert seen >= set(range(20, 30))
