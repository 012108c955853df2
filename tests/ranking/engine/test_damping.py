"""Less of creators whose videos were not wanted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ranking.engine import Options, Person, Prior, RankingInputError, Weights, explain, prepare, rank_candidates, score
from ranking.engine.damping import factor_of_rows, factors_for
from ranking.engine.pipeline import creator_factors
from tests.ranking.engine.worlds import NOW, catalogue, random_catalogue, seeds

PLAIN = Options(diversity=False, exploration_share=0.0)
WEIGHTS = Weights()
PRIOR = Prior(5.0, 0.4, 0.3)


def test_each_video_that_was_not_wanted_takes_three_tenths_down_to_a_fifth() -> None:
    assert_allclose(factors_for(np.arange(6)), [1, 0.7, 0.49, 0.343, 0.2401, 0.2], rtol=1e-6)
    assert factors_for(np.array([10_000])) == np.float32(0.2)
    assert factors_for(np.array([], np.int64)).dtype == np.float32


@given(st.lists(st.integers(0, 50)))
def test_a_factor_falls_with_each_video_and_stays_within_its_bounds(videos: list[int]) -> None:
    factors = factors_for(np.array(sorted(videos), np.int64))
    assert (np.diff(factors) <= 0).all()
    assert ((factors >= np.float32(0.2)) & (factors <= 1)).all()


@given(seeds, st.integers(0, 12))
def test_every_row_has_the_factor_of_its_creator(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    creator, down = random.integers(0, 7, 40), random.permutation(12)[:count]
    factors = random.random(count).astype(np.float32)
    by_creator = dict(zip(down.tolist(), factors.tolist(), strict=True))
    expected = np.array([by_creator.get(each, 1.0) for each in creator.tolist()], np.float32)
    assert_array_equal(factor_of_rows(creator, 7, down, factors), expected)


def test_creators_and_factors_come_in_pairs() -> None:
    with pytest.raises(RankingInputError, match="length"):
        factor_of_rows(np.zeros(3, np.int64), 1, np.array([0]), np.ones(2, np.float32))


@given(seeds)
def test_scores_are_those_of_the_formula_times_the_factor(seed: int) -> None:
    random = np.random.default_rng(seed)
    prepared = prepare(random_catalogue(60, seed), PRIOR)
    person = Person(
        down_creators=random.permutation(9)[:3],
        down_factors=factors_for(random.integers(0, 8, 3)),
        excluded_rows=random.integers(0, 60, 5),
    )
    result = rank_candidates(prepared, person, WEIGHTS, PLAIN, NOW, random)
    undamped = score(explain(prepared, person, result.rows, NOW), WEIGHTS)
    assert_array_equal(result.scores, undamped * creator_factors(prepared, person)[result.rows])
    assert (np.diff(result.scores) <= 0).all()
    assert not set(result.rows.tolist()) & set(person.excluded_rows.tolist())
    assert len(result.rows) == 60 - len(set(person.excluded_rows.tolist()))


@given(seeds)
def test_without_any_the_order_is_what_it_was(seed: int) -> None:
    prepared = prepare(random_catalogue(60, seed), PRIOR)
    plain = rank_candidates(prepared, Person(), WEIGHTS, Options(), NOW, np.random.default_rng(1))
    beyond = Person(down_creators=np.array([99]), down_factors=factors_for(np.array([3])))
    damped = rank_candidates(prepared, beyond, WEIGHTS, Options(), NOW, np.random.default_rng(1))
    assert_array_equal(plain.rows, damped.rows)
    assert_array_equal(plain.scores, damped.scores)


def test_a_creator_that_was_not_wanted_falls_behind() -> None:
    prepared = prepare(catalogue(3), Prior())
    person = Person(down_creators=np.array([0]), down_factors=factors_for(np.array([1])))
    result = rank_candidates(prepared, person, WEIGHTS, PLAIN, NOW, np.random.default_rng(1))
    assert_array_equal(result.rows, [1, 2, 0])
