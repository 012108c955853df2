"""How well videos answer a question: BM25 over weighted fields, and a little of popularity and freshness."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.search.engine.asking import Question
from ranking.search.engine.documents import DESCRIPTION, FIELD_BITS, NAMES, TAGS, TITLE, code
from ranking.search.engine.vocabulary import Vocabulary

FIELD_WEIGHTS = {TITLE: 3.0, TAGS: 2.5, NAMES: 2.0, DESCRIPTION: 1.0}
SATURATION, LENGTH_SHARE = 1.2, 0.4  # k1 and b of BM25
TEXT, POPULARITY, FRESHNESS = 0.92, 0.05, 0.03  # shares of a score
MOST_POPULAR = 80.0  # of 4 × log2(1 + views): a million views
HALF_LIFE_DAYS = 30.0
LARGEST_IDF_DOCUMENTS = 10  # a tiny catalogue knows nothing of how rare words are


@dataclass(frozen=True, eq=False)
class Found:
    """Some videos (n,) as the index knows them. `hits` are the packed tokens that were asked for, of the first video,
    then of the second …; `hit_counts` (n,) how many each has."""

    hits: NDArray[np.uint32]
    hit_counts: NDArray[np.int64]
    lengths: NDArray[np.float64]
    ages: NDArray[np.float64]  # days
    popularity: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.hit_counts)


@dataclass(frozen=True, eq=False)
class Scores:
    """`scores` (n,) in [0, 1]; `complete` (n,) whether a video has every required group."""

    scores: NDArray[np.float64]
    complete: NDArray[np.bool_]


def score(found: Found, asked: Question, vocabulary: Vocabulary) -> Scores:
    """Each video's share of the best it could have scored.

    A hit in fields of weights w counts Σw / (Σw + k1 × (1 − b + b × length / mean length)); a group counts its best hit
    times the hit's own weight times the group's idf, ln(1 + (N − df + ½) / (df + ½)).
    """
    best = _best_of_groups(found, asked)  # (n, groups)
    weights = np.array([idf(group.tokens, vocabulary) for group in asked.groups])
    share = best @ weights / max(float(weights.sum()), 1e-9)
    required = np.array([group.required for group in asked.groups], np.bool_)
    freshness = np.exp2(-np.maximum(found.ages, 0.0) / HALF_LIFE_DAYS)
    popularity = np.minimum(found.popularity / MOST_POPULAR, 1.0)
    scores = TEXT * share + POPULARITY * popularity + FRESHNESS * freshness
    complete = np.asarray((best[:, required] > 0).all(axis=1))
    return Scores(np.clip(scores, 0.0, 1.0), complete)


def idf(tokens: Iterable[str], vocabulary: Vocabulary) -> float:
    """By the most frequent of a group's tokens: the others stand for the same."""
    known = max(vocabulary.documents, LARGEST_IDF_DOCUMENTS)
    frequency = min(max(map(vocabulary.count, tokens), default=0), known)
    return float(np.log1p((known - frequency + 0.5) / (frequency + 0.5)))


def _best_of_groups(found: Found, asked: Question) -> NDArray[np.float64]:
    rows = np.repeat(np.arange(len(found)), found.hit_counts)
    codes, fields = found.hits >> FIELD_BITS, found.hits & (1 << FIELD_BITS) - 1
    strength = _FIELD_SUMS[fields]
    mean = max(float(found.lengths.mean()), 1.0) if len(found) else 1.0
    strength /= strength + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * found.lengths[rows] / mean)
    best = np.zeros((len(found), len(asked.groups)))
    for column, group in enumerate(asked.groups):
        for token, weight in group.tokens.items():
            same = codes == code(token)
            np.maximum.at(best[:, column], rows[same], strength[same] * weight)
    return best


_FIELD_SUMS = np.array(
    [sum(weight for field, weight in FIELD_WEIGHTS.items() if fields & field) for fields in range(1 << FIELD_BITS)]
)
