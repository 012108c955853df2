"""A small share of slots for videos that are too new to have signals."""

import numpy as np

from ranking.engine.arrays import Mask, Rows, in_unit_interval

FIRST_SLOT = 2  # the first two videos a person sees are never an experiment
LONGEST_PERIOD = 2.0**31


def exploration_slots(length: int, share: float, rng: np.random.Generator) -> Rows:
    """Ascending slots in [2, length), from a random first one every 1 / `share`, rounded to whole slots."""
    in_unit_interval("share", share)
    if share == 0.0 or length <= FIRST_SLOT:
        return np.empty(0, np.int64)
    period = round(min(1.0 / share, LONGEST_PERIOD))
    return np.arange(FIRST_SLOT + rng.integers(period), length, period)


def explore(order: Rows, candidates: Mask, share: float, rng: np.random.Generator) -> tuple[Rows, Mask]:
    """`order` (k,) with explorers at exploration slots, and which slots (k,) hold one.

    Explorers are drawn from `candidates` (n,), a mask over all rows, without replacement. One that `order`
    has already moves to its slot; for each of the others the last row falls out. The length stays. With fewer
    candidates than slots the later slots keep what they had.
    """
    explored = np.zeros(len(order), np.bool_)
    slots = exploration_slots(len(order), share, rng)
    pool = np.flatnonzero(candidates) if len(slots) else slots
    if not len(pool):
        return order, explored
    chosen = rng.permutation(pool)[: len(slots)]
    explored[slots[: len(chosen)]] = True
    is_chosen = np.zeros(len(candidates), np.bool_)
    is_chosen[chosen] = True
    mixed = np.empty_like(order)
    mixed[explored] = chosen
    mixed[~explored] = order[~is_chosen[order]][: len(order) - len(chosen)]
    return mixed, explored
