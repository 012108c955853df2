"""Score = the weighted sum of the five signals."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ranking.engine.arrays import Float32s
from ranking.engine.errors import RankingInputError
from ranking.engine.weights import Weights

SIGNAL_NAMES = ("freshness", "completion", "engagement", "affinity", "deep")
_ONE_AS_BITS = np.float32(1.0).view(np.uint32)


def score(signals: ArrayLike, weights: Weights) -> Float32s:
    """Scores (n,) float32 in [0, 1] of `signals` (n, 5), columns as in `SIGNAL_NAMES`.

    Signals are cut to [0, 1]; NaN and infinities count as 0. Fastest for float32 stored column by column
    (Fortran order). Each product is rounded to float32 and added from left to right, whatever n is: rows
    that are equal score equal. A BLAS product (`signals @ weights`) does not keep that, and `np.einsum` not
    for n = 1; then ties would not break by age.
    """
    return weighted_sum(clean(signals), weights)


def weighted_sum(ready: Float32s, weights: Weights) -> Float32s:
    """`score` for signals that `clean` gave."""
    return np.add.reduce(ready * weights.as_array(), axis=1)


def clean(signals: ArrayLike) -> Float32s:
    """`signals` (n, 5) as float32 in Fortran order, finite and within [0, 1]; itself where it is already."""
    values = np.asfortranarray(signals)
    if values.ndim != 2 or values.shape[1] != len(SIGNAL_NAMES):
        raise RankingInputError(f"signals must have the shape (n, 5), not {values.shape}")
    if values.dtype == np.float32 and _is_clean(values):
        return values
    counted = (values > 0.0) & (values < np.inf)  # −0 is not: `topk` relies on that
    return np.asarray(np.where(counted, np.minimum(values, 1.0), 0.0), dtype=np.float32, order="F")


def _is_clean(values: NDArray[np.float32]) -> bool:
    """Whether every value lies in [0, 1], in one pass: the bits of a float32 read as an unsigned number grow
    with it from 0 to 1, and those of larger and negative numbers, infinities and NaN are larger still."""
    return bool(values.view(np.uint32).max(initial=0) <= _ONE_AS_BITS)
