"""Small catalogues for the tests of the engine."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ranking.engine.tables import CandidateTable

NOW = 1_800_000_000.0
HOUR = 3600.0


def catalogue(n: int, **columns: Any) -> CandidateTable:
    """n videos, an hour apart, newest first, each of a creator of its own, that nobody has seen."""
    nothing = np.zeros(n)
    defaults = {
        "video_id": np.stack((np.zeros(n, np.uint64), np.arange(n, dtype=np.uint64)), axis=1),
        "created_at": NOW - HOUR * np.arange(n),
        "creator": np.arange(n, dtype=np.int32),
        "completion_sum": nothing,
        "views_30d": nothing,
        "likes": nothing,
        "shares": nothing,
        "comments": nothing,
        "views": nothing,
        "new": np.zeros(n, np.bool_),
    }
    return CandidateTable(**(defaults | {name: np.asarray(values) for name, values in columns.items()}))


def random_catalogue(n: int, seed: int, creators: int = 7, embedded: bool = True) -> CandidateTable:
    """n videos of a few creators in tie order, with whole-hour ages so that some tie."""
    rng = np.random.default_rng(seed)
    views = rng.integers(0, 50, n)
    return catalogue(
        n,
        created_at=NOW - HOUR * rng.integers(-5, 800, n),
        creator=rng.integers(0, creators, n, dtype=np.int32),
        completion_sum=views * rng.random(n),
        views_30d=views,
        likes=rng.integers(-2, 20, n),
        shares=rng.integers(0, 4, n),
        comments=rng.integers(0, 4, n),
        views=views,
        new=rng.random(n) < 0.2,
        **({"embeddings": rng.standard_normal((n, 4), dtype=np.float32)} if embedded else {}),
    ).in_tie_order()


any_float = st.floats(width=32) | st.floats(0.0, 1.0, width=32) | st.sampled_from([0.0, -0.0, 1.0, 0.5])
signal_rows = st.lists(st.tuples(*[any_float] * 5), max_size=60).map(
    lambda rows: np.array(rows, np.float32).reshape(-1, 5)
)
tied_scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0.0, 1.0, width=32)).map(
    lambda scores: np.array(scores, np.float32)
)
seeds = st.integers(0, 2**32 - 1)
