"""Weighted draws without replacement."""

import numpy as np
from numpy.typing import NDArray


def draw(rng: np.random.Generator, log_weights: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """`count` different indices (count,) into `log_weights` (n,), in no order; -inf is never drawn.

    Fewer where fewer can be drawn. The largest of log weights with Gumbel noise are such a draw (Efraimidis
    and Spirakis, 2006, in logarithms).
    """
    possible = np.flatnonzero(log_weights > -np.inf)
    count = min(count, len(possible))
    if count == 0:
        return np.empty(0, np.intp)
    keys = log_weights[possible] + rng.gumbel(size=len(possible))
    return possible[np.argpartition(-keys, count - 1)[:count]]
