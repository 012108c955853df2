"""UUIDs as pairs of numbers."""

from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.engine.errors import RankingInputError
from ranking.engine.ids import ids_from_bytes, ids_from_uuids, ids_to_bytes, ids_to_uuids
from ranking.engine.ranking import tie_order


@given(st.lists(st.uuids()))
def test_ids_come_back_as_they_went_in(uuids: list[UUID]) -> None:
    assert ids_to_uuids(ids_from_uuids(uuids)) == uuids


def test_trailing_zero_bytes_survive() -> None:
    packed = bytes([1] + 15 * [0])
    assert ids_to_bytes(ids_from_bytes(packed)) == packed


def test_the_halves_are_read_big_endian() -> None:
    assert ids_from_uuids([UUID(int=(3 << 64) | 7)]).tolist() == [[3, 7]]


@given(st.lists(st.uuids(), unique=True))
def test_ids_sort_as_uuids_do(uuids: list[UUID]) -> None:
    ids = ids_from_uuids(uuids)
    assert ids_to_uuids(ids[tie_order(np.zeros(len(uuids)), ids)]) == sorted(uuids)


def test_bytes_that_are_no_whole_ids_are_refused() -> None:
    with pytest.raises(RankingInputError, match="17 bytes"):
        ids_from_bytes(bytes(17))
