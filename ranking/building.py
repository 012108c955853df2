"""Building a feed: candidates → filters → scores → diversity → the list that pages are cut from."""

import time
import uuid
from dataclasses import replace
from typing import Any

import numpy as np
import structlog
from django.db import DatabaseError
from numpy.typing import NDArray

from engagement import history as histories
from engagement.history import History
from ranking import candidates, settings
from ranking.engine import pipeline
from ranking.engine.damping import factors_for
from ranking.engine.pipeline import Options, Person
from ranking.engine.scoring import SIGNAL_NAMES
from ranking.engine.signals import Curve, freshness
from ranking.engine.tables import PreparedTable, Prior, prepare
from ranking.generations import NEWEST, RANKED, UNPERSONALIZED, Entries, Feed
from ranking.models import WeightSet
from ranking.publishing import tables
from ranking.signal_table import SignalTable

log = structlog.get_logger(__name__)
LONGEST_FEED = 500


def build(user_id: str, generation: bytes) -> Feed:
    """A person's feed as of now. `generation` is its name, and the seed of what is left to chance."""
    history = histories.of(user_id)
    table = _with_followed(tables.current(), history)
    person = _person(table, history, user_id)
    if settings.feed_flag.get().is_on_for(user_id):
        feed = _ranked(user_id, table, person, generation, RANKED if history.personalized else UNPERSONALIZED)
    else:
        feed = _newest(user_id, table, person, generation)
    return replace(feed, personalized=history.personalized)


def explain(user_id: str, video_ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Signals, weights and candidate sources of videos, as they would be scored now. `creator_factor` is there where
    the score is less than the weighted sum, because the person did not want videos of that creator."""
    weight_set = settings.weight_set.get()
    history = histories.of(user_id)
    table = _with_followed(tables.current(), history)
    person = _person(table, history, user_id)
    present = [video_id for video_id in video_ids if video_id.bytes in table.row_of]
    rows = table.rows(present)
    signals = pipeline.explain(
        _prepared(table, weight_set), person, rows, time.time(), Curve(weight_set.freshness_curve)
    )
    factors = pipeline.creator_factors(_prepared(table, weight_set), person)[rows]
    weights = dict(zip(SIGNAL_NAMES, map(float, weight_set.weights().as_array()), strict=True))
    return {
        video_id: {
            "signals": dict(zip(SIGNAL_NAMES, map(float, each), strict=True)),
            "weights": weights,
            "sources": [name for bit, name in candidates.NAMES.items() if table.sources[row] & bit],
            **({"creator_factor": round(float(factor), 6)} if factor < 1 else {}),
        }
        for video_id, row, each, factor in zip(present, rows, signals, factors, strict=True)
    }


def _ranked(user_id: str, table: SignalTable, person: Person, generation: bytes, variant: str) -> Feed:
    weight_set = settings.weight_set.get()
    options = Options(
        limit=LONGEST_FEED,
        curve=Curve(weight_set.freshness_curve),
        diversity=weight_set.diversity,
        decay=weight_set.creator_decay,
        exploration_share=weight_set.exploration_share,
    )
    rng = np.random.default_rng(int.from_bytes(generation, "big"))
    ranked = pipeline.rank_candidates(
        _prepared(table, weight_set), person, weight_set.weights(), options, time.time(), rng
    )
    return _feed(user_id, table, ranked.rows, ranked.scores, generation, variant)


def _newest(user_id: str, table: SignalTable, person: Person, generation: bytes) -> Feed:
    """For people outside the flag: newest first, then most viewed, then smaller id."""
    columns = table.candidates
    allowed = np.ones(len(table), np.bool_)
    allowed[person.excluded_rows] = False
    allowed &= ~np.isin(columns.creator, person.excluded_creators)
    order = np.lexsort((np.arange(len(table)), -columns.views, -columns.created_at))
    rows = order[allowed[order]][:LONGEST_FEED]
    scores = freshness((time.time() - columns.created_at[rows]) / pipeline.SECONDS_PER_HOUR)
    return _feed(user_id, table, rows, scores, generation, NEWEST)


def _feed(
    user_id: str,
    table: SignalTable,
    rows: NDArray[np.int64],
    scores: NDArray[np.float32],
    generation: bytes,
    variant: str,
) -> Feed:
    entries = Entries.of(table.candidates.video_id[rows], scores)
    liked = histories.liked_among(user_id, entries.video_ids)
    return Feed(generation, variant, entries.with_liked(liked))


def _person(table: SignalTable, history: History, user_id: str) -> Person:
    sums = np.fromiter(history.interactions.values(), np.float64, len(history.interactions))
    disliked = np.fromiter(history.disliked.values(), np.int64, len(history.disliked))
    return Person(
        creators=table.creator_rows(history.interactions),
        creator_sums=sums,
        excluded_rows=table.rows(history.seen | history.not_interested),
        excluded_creators=table.creator_rows(history.blocked | {user_id}),
        down_creators=table.creator_rows(history.disliked),
        down_factors=factors_for(disliked),
    )


def _with_followed(table: SignalTable, history: History) -> SignalTable:
    """The table and the new videos of whom this person follows, where it lacks some."""
    try:
        own = candidates.followed(sorted(history.followed))
    except DatabaseError as error:
        log.warning("candidate_source_failed", source="followed", error=type(error).__name__)
        return table
    return table.joined(own) if own else table


def _prepared(table: SignalTable, weight_set: WeightSet) -> PreparedTable:
    """What a weight set's prior makes of a table; made once per pair."""
    key = weight_set.prior_views
    if key not in table.cache:
        table.cache[key] = prepare(table.candidates, Prior.of(table.candidates, key))
    return table.cache[key]
