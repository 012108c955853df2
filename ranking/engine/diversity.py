"""Not too much of one creator.

Everything here permutes or picks rows; scores shown to people stay what they were.
"""

import numpy as np
from numpy.typing import ArrayLike

from ranking.engine.arrays import Creators, Float32s, Mask, Rows, column, same_length
from ranking.engine.errors import RankingInputError
from ranking.engine.topk import OUT, best_first, eligible_top_k

MAX_IN_A_ROW = 2


def check_decay(decay: float) -> None:
    """Refuse a decay outside (0, 1]."""
    if not 0.0 < decay <= 1.0:
        raise RankingInputError(f"decay must lie in (0, 1], not {decay}")


def occurrences(creators: Creators) -> Rows:
    """(n,) how many videos of the same creator stand before each: 0 for the first."""
    by_creator = np.argsort(creators, kind="stable")  # a radix sort where they are 16 bits or fewer
    grouped = creators[by_creator]
    positions = np.arange(len(creators))
    starts = positions.copy()
    starts[1:][grouped[1:] == grouped[:-1]] = 0
    counted = np.empty_like(positions)
    counted[by_creator] = positions - np.maximum.accumulate(starts)
    return counted


def decayed_order(scores: Float32s, creators: Creators, decay: float) -> Rows:
    """The permutation (n,) by score × decay^(occurrence − 1), best first; equals keep their order.

    `scores` (n,) and `creators` (n,) stand best first; occurrences of a creator count from the best.
    """
    check_decay(decay)
    same_length(scores=scores, creators=creators)
    decayed = scores * np.power(np.float32(decay), occurrences(creators), dtype=np.float32)
    return best_first(decayed)


def has_long_run(creators: Creators) -> bool:
    """Whether one creator stands three times in a row."""
    same_as_next = creators[1:] == creators[:-1]
    return bool((same_as_next[1:] & same_as_next[:-1]).any())


def crowding_creator(creators: Creators) -> int | None:
    """The creator that has too many of these videos for any order without three in a row, if there is one.

    m videos of others leave m + 1 gaps of two. Such a creator has more than half of all, so it is the median.
    """
    if len(creators) <= MAX_IN_A_ROW:
        return None
    middle = len(creators) // 2
    median = np.partition(creators, middle)[middle]
    held = np.count_nonzero(creators == median)
    return int(median) if held > MAX_IN_A_ROW * (len(creators) - held + 1) else None


def spread_runs(creators: ArrayLike) -> Rows:
    """The permutation (n,) without three in a row of one creator that keeps the order otherwise.

    What would be third waits for the next video of someone else. If some are left waiting at the end, they
    move into the last gaps with room. Where that cannot help, as one creator has too many, they stay there.
    """
    row = column("creators", creators, np.int64)
    if not has_long_run(row):
        return np.arange(len(row))
    placed, waiting = _place_in_turn(row.tolist())
    if not waiting or crowding_creator(row) is not None:
        return np.array(placed + waiting)
    return _fill_gaps(np.array(placed), np.array(waiting), row)


def _place_in_turn(creators: list[int]) -> tuple[list[int], list[int]]:
    """Positions in their new order, and those left waiting: all of the creator that ends the first."""
    placed: list[int] = []
    waiting: list[int] = []
    for position, creator in enumerate(creators):
        if _would_be_third(creators, placed, creator):
            waiting.append(position)
            continue
        placed.append(position)
        while waiting and not _would_be_third(creators, placed, creators[waiting[0]]):
            placed.append(waiting.pop(0))
    return placed, waiting


def _would_be_third(creators: list[int], placed: list[int], creator: int) -> bool:
    return len(placed) >= MAX_IN_A_ROW and all(creators[at] == creator for at in placed[-MAX_IN_A_ROW:])


def _fill_gaps(placed: Rows, waiting: Rows, creators: Creators) -> Rows:
    """Move `waiting`, all of one creator, into the gaps between the others in `placed`, last gaps first."""
    is_theirs = creators[placed] == creators[waiting[0]]
    others, theirs = placed[~is_theirs], np.concatenate((placed[is_theirs], waiting))
    held = np.bincount(np.cumsum(~is_theirs)[is_theirs], minlength=len(others) + 1)
    room = (MAX_IN_A_ROW - held)[::-1]
    taken = np.clip(len(waiting) - (np.cumsum(room) - room), 0, room)[::-1]
    others_at = np.arange(len(others)) + np.cumsum(held + taken)[:-1]
    order = np.empty(len(creators), np.int64)
    order[others_at] = others
    order[np.delete(np.arange(len(creators)), others_at)] = theirs
    return order


def relieve(order: Rows, scores: Float32s, creators: Creators) -> tuple[Mask, Rows]:
    """Make room where one creator crowds `order` (k,): which slots (k,) to keep, and rows to add at the end.

    The best rows of others that `order` lacks take the places of that creator's last, as many as
    `spread_runs` needs or as there are. `scores` (n,) and `creators` (n,) are those of the whole table.
    """
    keep = np.ones(len(order), np.bool_)
    crowding = crowding_creator(creators[order])
    if crowding is None:
        return keep, np.empty(0, np.int64)
    theirs = np.flatnonzero(creators[order] == crowding)
    others_needed = -(-(len(order) - MAX_IN_A_ROW) // (MAX_IN_A_ROW + 1))
    missing = np.where(creators == crowding, OUT, scores)
    missing[order] = OUT
    added = eligible_top_k(missing, others_needed - (len(order) - len(theirs)))
    keep[theirs[len(theirs) - len(added) :]] = False
    return keep, added
