"""Less of creators whose videos a person did not want."""

import numpy as np

from ranking.engine.arrays import Creators, Float32s, Rows, counts, same_length, within

FACTOR_PER_VIDEO = 0.7
LEAST_FACTOR = 0.2


def factors_for(videos: Rows) -> Float32s:
    """(m,) what the scores of m creators are multiplied by, from how many `videos` (m,) of each were not wanted:
    0.7 per video, 0.2 at least."""
    return np.maximum(FACTOR_PER_VIDEO ** counts("videos", videos), LEAST_FACTOR).astype(np.float32)


def factor_of_rows(creator: Creators, creator_count: int, down_creators: Rows, down_factors: Float32s) -> Float32s:
    """(n,) the factor of n videos, 1 where their creator is not among `down_creators` (m,), each named once.

    `creator` (n,) points into a list of `creator_count`; creators beyond it match nothing.
    """
    same_length(down_creators=down_creators, down_factors=down_factors)
    by_creator = np.ones(creator_count, np.float32)
    listed = within(down_creators, creator_count)
    by_creator[down_creators[listed]] = down_factors[listed]
    return by_creator[creator]
