"""From candidates to an order: filters → score → damping → top → diversity → exploration."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ranking.engine.arrays import Creators, Float32s, Float64s, Mask, Rows, in_unit_interval, row_count
from ranking.engine.damping import factor_of_rows
from ranking.engine.diversity import check_decay, decayed_order, has_long_run, relieve, spread_runs
from ranking.engine.exploration import explore
from ranking.engine.filters import excluded
from ranking.engine.scoring import SIGNAL_NAMES, clean, score
from ranking.engine.signals import Curve, affinity_for, deep_of_many, deep_of_units, freshness
from ranking.engine.tables import PreparedTable
from ranking.engine.topk import OUT, eligible_top_k
from ranking.engine.weights import Weights

SECONDS_PER_HOUR = 3600.0


def _no_rows() -> Rows:
    return np.empty(0, np.int64)


def _no_sums() -> Float64s:
    return np.empty(0, np.float64)


def _no_factors() -> Float32s:
    return np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class Person:
    """What ranking knows of one person; the default is someone without history."""

    creators: Rows = field(default_factory=_no_rows)  # (m,) indices, each once
    creator_sums: Float64s = field(default_factory=_no_sums)  # (m,) likes + 0.5 × comments in 90 days
    embedding: Float32s | None = None  # (d,)
    excluded_rows: Rows = field(default_factory=_no_rows)  # seen, not wanted, own
    excluded_creators: Rows = field(default_factory=_no_rows)  # blocked
    down_creators: Rows = field(default_factory=_no_rows)  # (k,) indices of those with videos not wanted, each once
    down_factors: Float32s = field(default_factory=_no_factors)  # (k,) what their scores are multiplied by


@dataclass(frozen=True)
class Options:
    """How to turn scores into an order."""

    limit: int = 500
    curve: Curve = Curve.GENTLE
    diversity: bool = True
    decay: float = 0.9  # per further video of a creator; 1 only breaks runs
    exploration_share: float = 0.05

    def __post_init__(self) -> None:
        row_count("limit", self.limit)
        check_decay(self.decay)
        in_unit_interval("exploration_share", self.exploration_share)


@dataclass(frozen=True, eq=False)
class Ranked:
    """An order of at most `limit` videos."""

    rows: Rows  # (k,) rows of the table, in the order to show
    scores: Float32s  # (k,) damped, undecayed
    explored: Mask  # (k,) which stand here to be explored, not for their score


def rank_candidates(
    prepared: PreparedTable,
    person: Person,
    weights: Weights,
    options: Options,
    now: float,
    rng: np.random.Generator,
) -> Ranked:
    """Rank a prepared table for one person at `now` (epoch seconds).

    Without diversity and exploration this is the plain order: by score, then newer, then smaller id. Runs are
    spread last, so that no explorer makes a third in a row.
    """
    return _ordered(prepared, person, score(signals_of(prepared, person, now, options.curve), weights), options, rng)


def rank_many(
    prepared: PreparedTable,
    people: Sequence[tuple[Person, np.random.Generator]],
    weights: Weights,
    options: Options,
    now: float,
) -> list[Ranked]:
    """`rank_candidates` for each of `people`, each with a generator of their own: what is the same for everybody is
    scored once, and all embeddings are compared in one matrix product."""
    scores = score_many(prepared, [person for person, _ in people], weights, now, options.curve)
    return [_ordered(prepared, person, row, options, rng) for (person, rng), row in zip(people, scores, strict=True)]


def score_many(
    prepared: PreparedTable, people: Sequence[Person], weights: Weights, now: float, curve: Curve = Curve.GENTLE
) -> Float32s:
    """Scores (p, n) of n rows for p people, each row as `score` of that person's `signals_of` gives it: products are
    added from left to right here, too. Only the deep signal may differ in its last bit."""
    weight = weights.as_array()
    nobody = clean(signals_of(prepared, Person(), now, curve))
    shared = nobody[:, 0] * weight[0] + nobody[:, 1] * weight[1] + nobody[:, 2] * weight[2]
    affinities = [
        affinity_for(prepared.creator, each.creators, each.creator_sums, prepared.creator_count) for each in people
    ]
    scores = np.stack(affinities) if people else np.empty((0, len(prepared)), np.float32)
    scores *= weight[3]
    scores += shared
    if prepared.units is not None:
        embeddings = [each.embedding for each in people]
        scores += deep_of_many(embeddings, prepared.units, prepared.known) * weight[4]
    return scores


def _ordered(
    prepared: PreparedTable, person: Person, scores: Float32s, options: Options, rng: np.random.Generator
) -> Ranked:
    """From the scores (n,) of one person, which it changes, to the order."""
    if len(person.down_creators):
        scores *= creator_factors(prepared, person)
    scores[excluded(prepared, person.excluded_rows, person.excluded_creators)] = OUT
    rows = eligible_top_k(scores, options.limit)
    if options.diversity:
        rows = rows[decayed_order(scores[rows], prepared.creator[rows], options.decay)]
    rows, explored = explore(rows, prepared.table.new & (scores >= 0.0), options.exploration_share, rng)
    if options.diversity and has_long_run(prepared.creator[rows]):
        rows, explored = _without_runs(rows, explored, scores, prepared.creator)
    return Ranked(rows, scores[rows], explored)


def signals_of(prepared: PreparedTable, person: Person, now: float, curve: Curve = Curve.GENTLE) -> Float32s:
    """The five signals (n, 5) float32 of every row for one person, stored column by column."""
    columns = np.empty((len(SIGNAL_NAMES), len(prepared)), np.float32)
    columns[0] = freshness((now - prepared.table.created_at) / SECONDS_PER_HOUR, curve)
    columns[1:3] = prepared.lasting
    columns[3] = affinity_for(prepared.creator, person.creators, person.creator_sums, prepared.creator_count)
    columns[4] = _deep_signal(prepared, person)
    return columns.T


def explain(prepared: PreparedTable, person: Person, rows: Rows, now: float, curve: Curve = Curve.GENTLE) -> Float32s:
    """The five signals (k, 5) of `rows` (k,) as they were scored: `score` of them, times the `creator_factors` of
    these rows, gives the same scores."""
    return clean(signals_of(prepared, person, now, curve)[rows])


def creator_factors(prepared: PreparedTable, person: Person) -> Float32s:
    """(n,) what the score of each row is multiplied by for this person, in (0, 1]."""
    return factor_of_rows(prepared.creator, prepared.creator_count, person.down_creators, person.down_factors)


def _without_runs(rows: Rows, explored: Mask, scores: Float32s, creators: Creators) -> tuple[Rows, Mask]:
    keep, added = relieve(rows, scores, creators)
    if len(added):
        rows = np.concatenate((rows[keep], added))
        explored = np.concatenate((explored[keep], np.zeros(len(added), np.bool_)))
    spread = spread_runs(creators[rows])
    return rows[spread], explored[spread]


def _deep_signal(prepared: PreparedTable, person: Person) -> Float32s | float:
    if prepared.units is None:
        return 0.0
    return deep_of_units(person.embedding, prepared.units, prepared.known)
