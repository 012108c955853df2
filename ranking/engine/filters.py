"""Who must not see what. Filters stand apart from scoring: they take rows out, whatever those score."""

import numpy as np

from ranking.engine.arrays import Mask, Rows, within
from ranking.engine.errors import RankingInputError
from ranking.engine.tables import PreparedTable


def excluded(prepared: PreparedTable, rows: Rows, creators: Rows) -> Mask:
    """Mask (n,) of what a person must not see: `rows` of the table and every video of `creators`.

    `rows` are those seen, not wanted, or the person's own; creators beyond the table's list match nothing.
    """
    if not within(rows, len(prepared)).all():
        raise RankingInputError("excluded rows must lie within the table")
    mask = np.zeros(len(prepared), np.bool_)
    mask[rows] = True
    if len(creators):
        blocked = np.zeros(prepared.creator_count, np.bool_)
        blocked[creators[within(creators, prepared.creator_count)]] = True
        mask |= blocked[prepared.creator]
    return mask
