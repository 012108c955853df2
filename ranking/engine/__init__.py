"""The ranking engine: pure NumPy, arrays in and arrays out, no Django, no I/O."""

from ranking.engine.damping import factors_for
from ranking.engine.errors import RankingInputError, WeightsError
from ranking.engine.ids import ids_from_bytes, ids_from_uuids, ids_to_bytes, ids_to_uuids
from ranking.engine.pipeline import (
    Options,
    Person,
    Ranked,
    creator_factors,
    explain,
    rank_candidates,
    rank_many,
    score_many,
    signals_of,
)
from ranking.engine.ranking import rank, tie_order
from ranking.engine.scoring import SIGNAL_NAMES, score
from ranking.engine.signals import Curve
from ranking.engine.tables import CandidateTable, PreparedTable, Prior, prepare
from ranking.engine.topk import top_k
from ranking.engine.weights import Weights

__all__ = [
    "SIGNAL_NAMES",
    "CandidateTable",
    "Curve",
    "Options",
    "Person",
    "PreparedTable",
    "Prior",
    "Ranked",
    "RankingInputError",
    "Weights",
    "WeightsError",
    "creator_factors",
    "explain",
    "factors_for",
    "ids_from_bytes",
    "ids_from_uuids",
    "ids_to_bytes",
    "ids_to_uuids",
    "prepare",
    "rank",
    "rank_candidates",
    "rank_many",
    "score",
    "score_many",
    "signals_of",
    "tie_order",
    "top_k",
]
