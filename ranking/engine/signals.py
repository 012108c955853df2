"""The five signals, each (n,) float32 in [0, 1] for n videos at once.

Formulas are those of docs/ranking.md. An age that is NaN comes out as NaN, which
`scoring.score` counts as 0.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from ranking.engine.arrays import (
    Float32s,
    Float64s,
    column,
    counts,
    in_unit_interval,
    same_length,
    within,
)
from ranking.engine.errors import RankingInputError

FRESHNESS_WINDOW_HOURS = 720.0
SHARE_WEIGHT = 2.0
COMMENT_WEIGHT = 0.5
AFFINITY_WITHOUT_HISTORY = 0.5


class Curve(StrEnum):
    """How freshness falls from 1 at 0 h to 0 at 720 h."""

    GENTLE = "gentle"  # 1 − (age / 720)², 0.75 half-way
    STEEP = "steep"  # (1 − age / 720)², 0.25 half-way


def freshness(age_hours: ArrayLike, curve: Curve | str = Curve.GENTLE) -> Float32s:
    """Freshness of videos `age_hours` (n,) old; a time in the future counts as 0 h."""
    share = column("age_hours", age_hours, np.float64) / FRESHNESS_WINDOW_HOURS
    used: Float32s = np.minimum(np.maximum(share, 0.0), 1.0).astype(np.float32)
    one = np.float32(1.0)
    return np.square(one - used) if Curve(curve) is Curve.STEEP else one - np.square(used)


def completion(
    completion_sum: ArrayLike, views: ArrayLike, prior_views: float = 0.0, catalogue_mean: float = 0.0
) -> Float32s:
    """Mean completion over 30 days: (completion_sum + N·mean) / (views + N), N = `prior_views`.

    `completion_sum` (n,) adds up fractions 0–1 over `views` (n,). 0 where there is neither view nor prior.
    """
    return _shrunk(counts("completion_sum", completion_sum), views, prior_views, catalogue_mean)


def engagement(
    likes: ArrayLike,
    shares: ArrayLike,
    comments: ArrayLike,
    views: ArrayLike,
    prior_views: float = 0.0,
    catalogue_mean: float = 0.0,
) -> Float32s:
    """Life-long engagement: (likes + 2·shares + 0.5·comments + N·mean) / (views + N), cut to [0, 1].

    Counts are (n,); negative ones (likes net of concurrent unlikes) count as 0, as does a video with neither
    view nor prior.
    """
    return _shrunk(engagement_sum(likes, shares, comments), views, prior_views, catalogue_mean)


def engagement_sum(likes: ArrayLike, shares: ArrayLike, comments: ArrayLike) -> Float64s:
    """likes + 2·shares + 0.5·comments, (n,) float64."""
    liked, shared, commented = counts("likes", likes), counts("shares", shares), counts("comments", comments)
    same_length(likes=liked, shares=shared, comments=commented)
    return liked + SHARE_WEIGHT * shared + COMMENT_WEIGHT * commented


def catalogue_mean(sums: ArrayLike, views: ArrayLike) -> float:
    """Sum per view over a whole catalogue, cut to [0, 1]: what shrinkage pulls towards. 0 without views."""
    all_views = float(counts("views", views).sum())
    return min(float(counts("sums", sums).sum()) / all_views, 1.0) if all_views else 0.0


def _shrunk(sums: Float64s, views: ArrayLike, prior_views: float, mean: float) -> Float32s:
    """(sums + N·mean) / (views + N) in [0, 1]; 0 where the divisor is 0."""
    in_unit_interval("catalogue_mean", mean)
    if not 0.0 <= prior_views < np.inf:
        raise RankingInputError(f"prior_views must be finite and not negative, not {prior_views}")
    seen = counts("views", views) + prior_views
    same_length(sums=sums, views=seen)
    ratio = np.divide(sums + prior_views * mean, seen, out=np.zeros_like(sums), where=seen > 0.0)
    return np.minimum(ratio, 1.0).astype(np.float32)


def affinity(interactions: ArrayLike) -> Float32s:
    """One person's affinity (m,) to m creators, from `interactions` (m,) with each over 90 days.

    Interactions are likes + 0.5·comments; each is divided by the person's largest. Without history (all
    zeros) every creator gets 0.5.
    """
    sums = counts("interactions", interactions)
    largest = sums.max(initial=0.0)
    if largest == 0.0:
        return np.full(len(sums), AFFINITY_WITHOUT_HISTORY, np.float32)
    return (sums / largest).astype(np.float32)


def affinity_for(
    creator_index: ArrayLike,
    person_creator_index: ArrayLike,
    person_sums: ArrayLike,
    creator_count: int | None = None,
) -> Float32s:
    """One person's affinity to the creators of n videos, (n,) float32.

    `creator_index` (n,) points into a list of `creator_count` creators (default: as many as indices need).
    `person_creator_index` (m,) names each creator the person has history with once, `person_sums` (m,) the
    interactions with each. Creators beyond the list count for the largest sum and for nothing else. Videos of
    creators without history get 0; all get 0.5 when the person has none at all.
    """
    creators = column("creator_index", creator_index, np.intp)
    known = column("person_creator_index", person_creator_index, np.intp)
    sums = counts("person_sums", person_sums)
    same_length(person_creator_index=known, person_sums=sums)
    largest = sums.max(initial=0.0)
    if largest == 0.0:
        return np.full(len(creators), AFFINITY_WITHOUT_HISTORY, np.float32)
    count = int(creators.max(initial=-1)) + 1 if creator_count is None else creator_count
    by_creator = np.zeros(count, np.float32)
    listed = within(known, count)
    by_creator[known[listed]] = sums[listed] / largest
    return by_creator[creators]


def unit_rows(embeddings: ArrayLike) -> Float32s:
    """(n, d) embeddings at length 1; a row that is zero or not finite becomes zero: "no answer"."""
    rows = np.asarray(embeddings, dtype=np.float64)
    if rows.ndim != 2:
        raise RankingInputError(f"embeddings must have two dimensions, not {rows.ndim}")
    with np.errstate(over="ignore"):
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))[:, np.newaxis]
    usable = (lengths > 0.0) & (lengths < np.inf)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=usable).astype(np.float32)


def deep(person_embedding: ArrayLike | None, video_embeddings: ArrayLike) -> Float32s:
    """(1 + cosine) / 2 of a person (d,) and n videos (n, d); 0 where either is zero or None."""
    return deep_of_units(person_embedding, unit_rows(video_embeddings))


def deep_of_units(person_embedding: ArrayLike | None, units: Float32s, known: Float32s | None = None) -> Float32s:
    """`deep` of videos that went through `unit_rows` already; `known` (n,) is `known_rows(units)` kept ready.

    Sums d products in an order that BLAS chooses: equal rows may differ in the last bit.
    """
    person = _unit(person_embedding)
    if person is None:
        return np.zeros(len(units), np.float32)
    if units.shape[1] != len(person):
        raise RankingInputError(f"the person has {len(person)} dimensions, the videos {units.shape[1]}")
    known = known_rows(units) if known is None else known
    mapped = (np.matmul(units, person) + np.float32(1.0)) * np.float32(0.5)
    cut: Float32s = np.minimum(np.maximum(mapped, np.float32(0.0)), np.float32(1.0))  # rounding overshoots
    return cut * known


def deep_of_many(
    person_embeddings: Sequence[ArrayLike | None], units: Float32s, known: Float32s | None = None
) -> Float32s:
    """`deep_of_units` (p, n) of p people at once, in one matrix product."""
    people = [_unit(each) for each in person_embeddings]
    width = units.shape[1]
    for person in people:
        if person is not None and len(person) != width:
            raise RankingInputError(f"the person has {len(person)} dimensions, the videos {width}")
    nobody = np.zeros(width, np.float32)
    stacked = np.array([nobody if person is None else person for person in people], np.float32).reshape(-1, width)
    mapped = (np.matmul(stacked, units.T) + np.float32(1.0)) * np.float32(0.5)
    known = known_rows(units) if known is None else known
    answers = np.array([[person is not None] for person in people], np.float32).reshape(-1, 1)
    cut: Float32s = np.minimum(np.maximum(mapped, np.float32(0.0)), np.float32(1.0))
    return cut * known * answers


def _unit(embedding: ArrayLike | None) -> Float32s | None:
    """An embedding (d,) at length 1; None where it says nothing."""
    if embedding is None:
        return None
    values = column("person_embedding", embedding, np.float64)
    with np.errstate(over="ignore"):
        length = math.sqrt(values @ values)
    return (values / length).astype(np.float32) if 0.0 < length < math.inf else None


def known_rows(units: Float32s) -> Float32s:
    """(n,) 1 where a video has an embedding, 0 where it has none."""
    return np.any(units, axis=1).astype(np.float32)
