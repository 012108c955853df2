"""The best k of n scores without sorting n scores.

Scores here are float32 as `score` gives them, in [0, 1], or −1 for a row that is out. Rows stand in tie order
(`ranking.tie_order`): equal scores keep the order of their rows.
"""

import numpy as np

from ranking.engine.arrays import Float32s, Rows, row_count

OUT = np.float32(-1.0)
SORT_ALL_BELOW = 4  # times k: finding the kth takes longer than sorting them all
SAMPLE_STRIDE = 16
SAMPLE_MARGIN = 1.5
POSITION_BITS = 32
POSITION_MASK = 2**POSITION_BITS - 1


def top_k(scores: Float32s, k: int) -> Rows:
    """Rows (min(k, n),) int64 of the k best of `scores` (n,), best first."""
    row_count("k", k)
    if len(scores) < SORT_ALL_BELOW * k:
        return best_first(scores)[:k]
    rows = contenders(scores, k)
    return rows[best_first(scores[rows])[:k]]


def eligible_top_k(scores: Float32s, k: int) -> Rows:
    """`top_k` of the rows that are not out."""
    rows = top_k(scores, k)
    if len(rows) and scores[rows[-1]] < 0.0:  # those that are out come last
        return rows[scores[rows] >= 0.0]
    return rows


def best_first(scores: Float32s) -> Rows:
    """The permutation (n,) int64 by score, best first; equal scores keep their order.

    Sorts one int64 per row: the bits of the score, which as a whole number grow with it from 0 to 1, over the
    position. On scores it has not seen, a stable argsort takes two to three times as long.
    """
    bits = scores.view(np.int32).astype(np.int64)
    keys = np.arange(len(scores)) - (bits << POSITION_BITS)
    keys.sort()
    return keys & POSITION_MASK


def contenders(scores: Float32s, k: int) -> Rows:
    """Rows, ascending, that hold the k best of `scores` and all that tie with the last; maybe more."""
    if k >= len(scores):
        return np.arange(len(scores))
    if k == 0:
        return np.empty(0, np.int64)
    rows = np.flatnonzero(scores >= _likely_floor(scores, k))
    if len(rows) >= k:
        return rows
    return np.flatnonzero(scores >= _kth_best(scores, k))


def _likely_floor(scores: Float32s, k: int) -> np.float32:
    """A score that at least k rows very likely reach and few others do.

    Finding the exact kth of n costs most of a ranking; every 16th row tells it well enough. The margin makes
    a miss a matter of four standard deviations at k = 500, and a miss costs time, never a wrong answer.
    """
    sample = scores[::SAMPLE_STRIDE]
    rank_in_sample = int(SAMPLE_MARGIN * k / SAMPLE_STRIDE) + 8
    if rank_in_sample >= len(sample) // 2:
        return _kth_best(scores, k)
    return _kth_best(sample, rank_in_sample)


def _kth_best(scores: Float32s, k: int) -> np.float32:
    at = len(scores) - k
    return np.partition(scores, at)[at]
