"""The array types the engine speaks in, and the checks at its edge."""

from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranking.engine.errors import RankingInputError

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Creators = NDArray[np.integer]
Ids = NDArray[np.uint64]


def column(name: str, values: ArrayLike, dtype: Any) -> NDArray[Any]:
    """`values` as a one-dimensional array of `dtype`, copied only where it must be."""
    array = np.asarray(values, dtype=dtype)
    if array.ndim != 1:
        raise RankingInputError(f"{name} must have one dimension, not {array.ndim}")
    return array


def same_length(**columns: Sized) -> None:
    """Refuse columns of different lengths, and say which they are."""
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise RankingInputError(f"columns differ in length: {lengths}")


def counts(name: str, values: ArrayLike) -> Float64s:
    """Counts or sums as float64; negative ones, NaN and infinities count as 0."""
    numbers = column(name, values, np.float64)
    return np.where((numbers > 0.0) & (numbers < np.inf), numbers, 0.0)


def within(indices: NDArray[np.integer], count: int) -> Mask:
    """Which of `indices` point into a list of `count`."""
    return (indices >= 0) & (indices < count)


def in_unit_interval(name: str, value: float) -> None:
    """Refuse a number outside [0, 1]; NaN is outside."""
    if not 0.0 <= value <= 1.0:
        raise RankingInputError(f"{name} must lie in [0, 1], not {value}")


def row_count(name: str, value: int) -> None:
    """Refuse a negative number of rows."""
    if value < 0:
        raise RankingInputError(f"{name} must not be negative, not {value}")
