"""Who must not see what."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ranking.engine.errors import RankingInputError
from ranking.engine.filters import excluded
from ranking.engine.tables import PreparedTable, Prior, prepare
from tests.ranking.engine.worlds import catalogue

NOBODY = np.empty(0, np.int64)


@pytest.fixture
def prepared() -> PreparedTable:
    return prepare(catalogue(5, creator=np.array([0, 1, 2, 1, 0], np.int32)), Prior())


def test_nothing_is_excluded_unless_named(prepared: PreparedTable) -> None:
    assert not excluded(prepared, NOBODY, NOBODY).any()


def test_rows_are_excluded_by_number(prepared: PreparedTable) -> None:
    assert_array_equal(np.flatnonzero(excluded(prepared, np.array([4, 0, 4]), NOBODY)), [0, 4])


def test_a_creator_is_excluded_with_every_video(prepared: PreparedTable) -> None:
    assert_array_equal(np.flatnonzero(excluded(prepared, np.array([2]), np.array([1]))), [1, 2, 3])


def test_creators_the_table_does_not_list_exclude_nothing(prepared: PreparedTable) -> None:
    assert not excluded(prepared, NOBODY, np.array([3, 99, -1])).any()


@pytest.mark.parametrize("row", [-1, 5])
def test_rows_outside_the_table_are_refused(prepared: PreparedTable, row: int) -> None:
    with pytest.raises(RankingInputError, match="within the table"):
        excluded(prepared, np.array([row]), NOBODY)
