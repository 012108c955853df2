"""Candidates as columns, and what is prepared of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from ranking.engine.errors import RankingInputError
from ranking.engine.ranking import in_tie_order, tie_order
from ranking.engine.tables import CandidateTable, PreparedTable, Prior, merge, prepare
from tests.ranking.engine.worlds import NOW, catalogue, random_catalogue, seeds


def test_columns_of_different_lengths_are_refused_by_name() -> None:
    with pytest.raises(RankingInputError, match="'likes': 2"):
        catalogue(3, likes=[1, 2])


def test_embeddings_need_a_row_for_each_video() -> None:
    with pytest.raises(RankingInputError, match="'embeddings': 2"):
        catalogue(3, embeddings=np.zeros((2, 4)))


def test_ids_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(RankingInputError, match="video_id"):
        catalogue(3, video_id=np.zeros((3, 3), np.uint64))


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_time_that_is_not_finite_is_refused(broken: float) -> None:
    with pytest.raises(RankingInputError, match="created_at"):
        catalogue(2, created_at=[NOW, broken])


def test_a_negative_creator_is_refused() -> None:
    with pytest.raises(RankingInputError, match="creator"):
        catalogue(2, creator=np.array([0, -1], np.int32))


def test_a_table_comes_into_tie_order_with_all_its_columns() -> None:
    table = catalogue(3, created_at=[1.0, 3.0, 2.0], likes=[1, 3, 2], embeddings=[[1.0], [3.0], [2.0]])
    ordered = table.in_tie_order()
    assert ordered.likes.tolist() == [3, 2, 1]
    assert np.asarray(ordered.embeddings).tolist() == [[3.0], [2.0], [1.0]]
    assert in_tie_order(ordered.created_at, ordered.video_id)


def test_a_table_out_of_tie_order_is_not_prepared() -> None:
    with pytest.raises(RankingInputError, match="tie order"):
        prepare(catalogue(2, created_at=[1.0, 2.0]), Prior())


def test_a_video_that_stands_twice_is_not_prepared() -> None:
    with pytest.raises(RankingInputError, match="each video once"):
        prepare(catalogue(2, created_at=[1.0, 1.0], video_id=np.zeros((2, 2), np.uint64)), Prior())


def test_the_lasting_signals_are_prepared_with_their_prior() -> None:
    table = catalogue(1, completion_sum=[3.0], views_30d=[4], likes=[2], shares=[1], comments=[2], views=[10])
    assert_allclose(prepare(table, Prior()).lasting, [[0.75], [0.5]])
    # (3 + 6 × 0.5) / (4 + 6) and (5 + 6 × 0.25) / (10 + 6)
    assert_allclose(prepare(table, Prior(6.0, 0.5, 0.25)).lasting, [[0.6], [6.5 / 16]], rtol=1e-6)


def test_a_prior_can_be_taken_from_the_table() -> None:
    table = catalogue(
        2,
        completion_sum=[3.0, 1.0],
        views_30d=[4, 4],
        likes=[2, 0],
        shares=[0, 1],
        comments=[0, 2],
        views=[10, 40],
    )
    assert Prior.of(table, 20.0) == Prior(20.0, 0.5, 0.1)


def test_an_empty_table_can_be_prepared() -> None:
    prepared = prepare(catalogue(0), Prior(20.0, 0.5, 0.1))
    assert len(prepared) == 0
    assert prepared.creator_count == 0


@pytest.mark.parametrize(("creator", "dtype"), [(7, np.uint8), (300, np.uint16), (70_000, np.uint32)])
def test_creators_are_kept_as_narrow_as_they_fit(creator: int, dtype: type) -> None:
    prepared = prepare(catalogue(2, creator=np.array([0, creator], np.int32)), Prior())
    assert prepared.creator.dtype == dtype
    assert_array_equal(prepared.creator, [0, creator])
    assert prepared.creator_count == creator + 1


def test_embeddings_are_prepared_at_length_one() -> None:
    prepared = prepare(catalogue(2, embeddings=[[3.0, 4.0], [0.0, 0.0]]), Prior())
    assert_allclose(np.asarray(prepared.units), [[0.6, 0.8], [0.0, 0.0]], rtol=1e-6)
    assert_array_equal(prepared.known, [1.0, 0.0])


def test_a_table_without_embeddings_has_none_prepared() -> None:
    prepared = prepare(random_catalogue(5, 1, embedded=False), Prior())
    assert prepared.units is None
    assert prepared.known is None


def merged(table: CandidateTable, cut: int, prior: Prior) -> PreparedTable:
    """A table that was prepared in two parts, the first of so many of its videos."""
    first, second = table.take(np.arange(cut)), table.take(np.arange(cut, len(table)))
    order = tie_order(table.created_at, table.video_id)
    return merge(prepare(first, prior), prepare(second, prior), table.take(order), order)


@given(seeds, st.integers(0, 30), st.booleans())
def test_what_is_merged_is_what_would_be_prepared_of_all(seed: int, cut: int, embedded: bool) -> None:
    prior = Prior(5.0, 0.4, 0.3)
    table = random_catalogue(30, seed, embedded=embedded)
    scattered = np.random.default_rng(seed).permutation(30)
    rows = np.concatenate((np.sort(scattered[:cut]), np.sort(scattered[cut:])))  # each part in tie order
    result = merged(table.take(rows), cut, prior)
    expected = prepare(table, prior)
    assert_array_equal(result.table.video_id, table.video_id)
    assert_array_equal(result.lasting, expected.lasting)
    assert_array_equal(result.creator, expected.creator)
    assert (result.creator_count, result.creator.dtype) == (expected.creator_count, expected.creator.dtype)
    for name in ("units", "known"):
        found, wanted = getattr(result, name), getattr(expected, name)
        assert (found is None) is (wanted is None) is not embedded
        if embedded:
            assert_array_equal(found, wanted)


def test_parts_of_which_one_has_no_embeddings_are_merged_without() -> None:
    first, second = catalogue(1, embeddings=[[3.0, 4.0]]), catalogue(1, created_at=[NOW - 1])
    whole = catalogue(2)
    result = merge(prepare(first, Prior()), prepare(second, Prior()), whole, np.arange(2))
    assert (result.units, result.known) == (None, None)
