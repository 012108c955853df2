"""The five signals against numbers worked out by hand."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ranking.engine.errors import RankingInputError
from ranking.engine.signals import (
    Curve,
    affinity,
    affinity_for,
    catalogue_mean,
    completion,
    deep,
    deep_of_many,
    deep_of_units,
    engagement,
    freshness,
    known_rows,
    unit_rows,
)

whole_counts = st.lists(st.tuples(*[st.integers(0, 10_000)] * 4), min_size=1, max_size=30)


@pytest.mark.parametrize(("curve", "half_way"), [(Curve.GENTLE, 0.75), (Curve.STEEP, 0.25)])
def test_freshness_passes_through_its_three_stated_points(curve: Curve, half_way: float) -> None:
    assert_array_equal(freshness([0.0, 360.0, 720.0], curve), [1.0, half_way, 0.0])


@pytest.mark.parametrize("curve", Curve)
def test_freshness_is_one_in_the_future_and_zero_past_the_window(curve: Curve) -> None:
    ages = [-1.0, -1e9, -np.inf, 721.0, 1e9, np.inf]
    assert_array_equal(freshness(ages, curve), [1.0, 1.0, 1.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("curve", Curve)
def test_freshness_never_grows_with_age(curve: Curve) -> None:
    fresh = freshness(np.linspace(-10.0, 730.0, 500), curve)
    assert (np.diff(fresh) <= 0.0).all()
    assert fresh.dtype == np.float32


def test_freshness_is_gentle_unless_told() -> None:
    assert freshness([360.0])[0] == 0.75


def test_freshness_takes_a_curve_by_its_name() -> None:
    assert freshness([360.0], "steep")[0] == 0.25


def test_freshness_refuses_an_unknown_curve() -> None:
    with pytest.raises(ValueError, match="sudden"):
        freshness([1.0], "sudden")


def test_freshness_refuses_more_than_one_dimension() -> None:
    with pytest.raises(RankingInputError, match="age_hours must have one dimension"):
        freshness([[1.0]])


def test_completion_without_prior_is_the_plain_mean() -> None:
    assert_allclose(completion([1.5, 0.0, 4.0], [3, 5, 4]), [0.5, 0.0, 1.0])


def test_completion_without_views_or_prior_is_zero() -> None:
    assert_array_equal(completion([0.0, 3.0], [0, 0]), [0.0, 0.0])


def test_completion_is_shrunk_towards_the_catalogue() -> None:
    # (1 + 20 × 0.4) / (1 + 20), (60 + 8) / (100 + 20), 8 / 20
    assert_allclose(completion([1.0, 60.0, 0.0], [1, 100, 0], 20.0, 0.4), [9 / 21, 68 / 120, 0.4], rtol=1e-6)


def test_one_full_watch_does_not_beat_a_proven_video_once_shrunk() -> None:
    one_watch, proven = completion([1.0, 800.0], [1, 1000], 20.0, 0.4)
    assert one_watch < proven


def test_completion_never_passes_one() -> None:
    assert completion([7.0], [2])[0] == 1.0


def test_engagement_weighs_shares_twice_and_comments_half() -> None:
    # (4 + 2 × 3 + 0.5 × 2) / 100
    assert_allclose(engagement([4], [3], [2], [100]), [0.11], rtol=1e-6)


def test_engagement_is_cut_to_one_and_zero_without_views() -> None:
    assert_array_equal(engagement([50, 5], [0, 0], [0, 0], [10, 0]), [1.0, 0.0])


def test_engagement_is_shrunk_towards_the_catalogue() -> None:
    # (2 + 10 × 0.1) / (5 + 10)
    assert_allclose(engagement([2], [0], [0], [5], 10.0, 0.1), [0.2], rtol=1e-6)


def test_net_likes_below_zero_count_as_none() -> None:
    assert_allclose(engagement([-3], [1], [-1], [10]), [0.2], rtol=1e-6)


def test_counts_that_are_no_numbers_count_as_none() -> None:
    assert_array_equal(engagement([np.nan], [np.inf], [-np.inf], [10]), [0.0])


@given(whole_counts)
def test_a_prior_of_no_views_gives_the_plain_formulas(rows: list[Any]) -> None:
    likes, shares, comments, views = np.array(rows).T
    for mean in (0.0, 0.7):
        shrunk = engagement(likes, shares, comments, views, 0.0, mean)
        plain = np.minimum((likes + 2 * shares + 0.5 * comments) / np.maximum(views, 1), 1.0) * (views > 0)
        assert_allclose(shrunk, plain, rtol=1e-6)
        watched = np.minimum(likes, views)
        assert_allclose(completion(watched, views, 0.0, mean), watched / np.maximum(views, 1), rtol=1e-6)


@pytest.mark.parametrize("prior", [-1.0, np.nan, np.inf])
def test_a_prior_must_be_a_number_of_views(prior: float) -> None:
    with pytest.raises(RankingInputError, match="prior_views"):
        completion([1.0], [1], prior, 0.5)


@pytest.mark.parametrize("mean", [-0.1, 1.1, np.nan])
def test_a_catalogue_mean_must_lie_between_zero_and_one(mean: float) -> None:
    with pytest.raises(RankingInputError, match="catalogue_mean"):
        completion([1.0], [1], 1.0, mean)


def test_columns_of_different_lengths_are_refused_by_name() -> None:
    with pytest.raises(RankingInputError, match="'likes': 2, 'shares': 1"):
        engagement([1, 2], [1], [1, 2], [1, 2])


def test_the_catalogue_mean_is_per_view_and_not_per_video() -> None:
    assert catalogue_mean([1.0, 30.0], [1, 99]) == pytest.approx(0.31)


def test_the_catalogue_mean_is_zero_without_views_and_never_above_one() -> None:
    assert catalogue_mean([0.0], [0]) == 0.0
    assert catalogue_mean([5.0], [1]) == 1.0


def test_affinity_is_relative_to_the_largest() -> None:
    assert_allclose(affinity([1.0, 4.0, 0.0, 2.5]), [0.25, 1.0, 0.0, 0.625])


@pytest.mark.parametrize("interactions", [[0.0, 0.0], [-1.0, np.nan]])
def test_affinity_without_history_is_one_half(interactions: list[float]) -> None:
    assert_array_equal(affinity(interactions), [0.5, 0.5])


def test_affinity_to_nobody_is_empty() -> None:
    assert len(affinity([])) == 0


def test_affinity_reaches_the_videos_of_each_creator() -> None:
    assert_allclose(affinity_for([2, 0, 1, 2], [2, 0], [1.0, 4.0]), [0.25, 1.0, 0.0, 0.25])


@pytest.mark.parametrize(("known", "sums"), [([], []), ([1], [0.0]), ([1], [-2.0])])
def test_every_video_has_affinity_one_half_for_a_person_without_history(known: list[int], sums: list[float]) -> None:
    assert_array_equal(affinity_for([0, 1, 0], known, sums), [0.5, 0.5, 0.5])


def test_creators_outside_the_list_count_for_the_largest_sum_alone() -> None:
    assert_allclose(affinity_for([0, 1], [1, 9, -1], [2.0, 8.0, 1.0], creator_count=2), [0.0, 0.25])


def test_affinity_of_no_videos_is_empty() -> None:
    assert len(affinity_for([], [3], [1.0])) == 0


def test_affinity_refuses_creators_and_sums_of_different_lengths() -> None:
    with pytest.raises(RankingInputError, match="person_creator_index"):
        affinity_for([0], [0, 1], [1.0])


def test_deep_maps_the_cosine_to_zero_to_one() -> None:
    videos = [[2.0, 0.0], [0.0, 5.0], [-3.0, 0.0], [1.0, 1.0]]
    assert_allclose(deep([0.5, 0.0], videos), [1.0, 0.5, 0.0, 0.5 + 0.5 / np.sqrt(2)], rtol=1e-6)


def test_deep_is_zero_for_videos_without_an_embedding() -> None:
    assert_array_equal(deep([1.0, 0.0], [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1.0, 0.0]]), [0, 0, 0, 1])


@pytest.mark.parametrize("person", [None, [0.0, 0.0], [np.nan, 1.0], [np.inf, 0.0], [1e200, 0.0]])
def test_deep_is_zero_for_a_person_no_model_knows(person: list[float] | None) -> None:
    assert_array_equal(deep(person, [[1.0, 0.0], [0.0, 1.0]]), [0.0, 0.0])


def test_deep_refuses_embeddings_of_another_model() -> None:
    with pytest.raises(RankingInputError, match="3 dimensions, the videos 2"):
        deep([1.0, 2.0, 3.0], [[1.0, 0.0]])


def test_deep_refuses_embeddings_that_are_no_table() -> None:
    with pytest.raises(RankingInputError, match="two dimensions"):
        unit_rows([1.0, 2.0])


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=1, max_size=20))
def test_deep_stays_between_zero_and_one(rows: list[Any]) -> None:
    for person in rows:
        value = deep(person, rows)
        assert ((value >= 0.0) & (value <= 1.0)).all()


def test_rounding_never_takes_deep_out_of_range() -> None:
    people = np.random.default_rng(0).standard_normal((500, 32))
    opposite, same = zip(*(deep(person, [-person, person]) for person in people), strict=True)
    assert min(opposite) == 0.0
    assert max(same) == 1.0


def test_deep_of_prepared_videos_is_the_same() -> None:
    videos = np.random.default_rng(3).standard_normal((20, 4))
    units = unit_rows(videos)
    assert_array_equal(deep_of_units(videos[0], units, np.ones(20, np.float32)), deep(videos[0], videos))


@pytest.mark.parametrize("is_known", [False, True])
def test_deep_of_many_is_that_of_each(is_known: bool) -> None:
    rng = np.random.default_rng(1)
    units = unit_rows([*rng.standard_normal((6, 4)), np.zeros(4)])
    people = [rng.standard_normal(4), None, np.zeros(4), rng.standard_normal(4)]
    known = known_rows(units) if is_known else None
    expected = np.stack([deep_of_units(person, units) for person in people])
    assert_allclose(deep_of_many(people, units, known), expected, atol=1e-6)


def test_deep_of_nobody_and_of_no_videos_is_empty() -> None:
    units = unit_rows(np.ones((3, 4)))
    assert deep_of_many([], units).shape == (0, 3)
    assert deep_of_many([np.ones(4), None], units[:0]).shape == (2, 0)


def test_deep_of_many_refuses_an_embedding_of_another_model() -> None:
    with pytest.raises(RankingInputError, match="3 dimensions, the videos 4"):
        deep_of_many([np.ones(4), None, np.ones(3)], unit_rows(np.ones((2, 4))))
