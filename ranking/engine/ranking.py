"""Best first; ties by newer video, then smaller id."""

import numpy as np

from ranking.engine.arrays import Float32s, Float64s, Ids, Mask, Rows, row_count, same_length
from ranking.engine.errors import RankingInputError
from ranking.engine.topk import contenders


def rank(scores: Float32s, created_at: Float64s, video_ids: Ids, limit: int) -> Rows:
    """Rows (min(limit, n),) int64 of the best of n videos in any order, best first.

    `scores` (n,) finite, `created_at` (n,) epoch seconds, `video_ids` (n, 2) uint64 as in `ids`. Rows that
    are in tie order already rank faster with `topk.top_k`.
    """
    row_count("limit", limit)
    same_length(scores=scores, created_at=created_at, video_ids=video_ids)
    if not np.isfinite(scores).all():
        raise RankingInputError("scores must be finite")
    rows = contenders(scores, limit)
    ids = video_ids[rows]
    return rows[np.lexsort((ids[:, 1], ids[:, 0], -created_at[rows], -scores[rows]))[:limit]]


def tie_order(created_at: Float64s, video_ids: Ids) -> Rows:
    """The permutation (n,) that brings n videos to tie order: newer first, then smaller id."""
    return np.lexsort((video_ids[:, 1], video_ids[:, 0], -created_at))


def merged_tie_order(created_at: Float64s, video_ids: Ids) -> Rows:
    """`tie_order` of two tables one behind the other, each in tie order itself: what is nearly in order is sorted in a
    fraction of the time."""
    order = np.argsort(-created_at, kind="stable")
    return order if in_tie_order(created_at[order], video_ids[order]) else tie_order(created_at, video_ids)


def in_tie_order(created_at: Float64s, video_ids: Ids) -> bool:
    """Whether n videos stand in tie order, each of them once."""
    newer = created_at[:-1] > created_at[1:]
    as_old = created_at[:-1] == created_at[1:]
    return bool((newer | (as_old & _smaller(video_ids[:-1], video_ids[1:]))).all())


def _smaller(first: Ids, second: Ids) -> Mask:
    high_equal = first[:, 0] == second[:, 0]
    return (first[:, 0] < second[:, 0]) | (high_equal & (first[:, 1] < second[:, 1]))
