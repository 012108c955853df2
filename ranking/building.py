"""Building feeds: candidates → filters → scores → diversity → the lists that pages are cut from.

For one person or for many at once: the way is the same, and what is the same for everybody is done once.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import structlog
from django.db import DatabaseError
from numpy.typing import NDArray

from engagement import history as histories
from engagement import recent
from engagement.profiles import History
from ranking import candidates, settings, stored_feed
from ranking.engine import ids, pipeline
from ranking.engine.damping import factors_for
from ranking.engine.pipeline import Options, Person
from ranking.engine.scoring import SIGNAL_NAMES
from ranking.engine.signals import Curve, freshness
from ranking.models import WeightSet
from ranking.publishing import tables
from ranking.signal_table import SignalTable
from ranking.stored_feed import NEWEST, RANKED, UNPERSONALIZED, Feed

log = structlog.get_logger(__name__)
LONGEST_FEED = 500


@dataclass(frozen=True, eq=False)
class Wanted:
    """Somebody's feed that is to be built. `generation` is its name, and the seed of what is left to chance."""

    user_id: str
    history: History
    generation: bytes


def build(wanted: Sequence[Wanted]) -> list[Feed]:
    """Feeds as of now. Raises DatabaseError where there is no catalogue to choose from."""
    stamps = [settings.stamp(each.user_id) for each in wanted]  # as they are before anything else is read
    table, not_theirs = _candidates(wanted)
    people = [_person(table, each, others) for each, others in zip(wanted, not_theirs, strict=True)]
    is_ranked = [settings.feed_flag.get().is_on_for(each.user_id) for each in wanted]
    rows = iter(
        _ranked(table, [pair for pair, on in zip(zip(people, wanted, strict=True), is_ranked, strict=True) if on])
    )
    orders = [next(rows) if on else _newest(table, person) for person, on in zip(people, is_ranked, strict=True)]
    packed = [ids.ids_to_bytes(table.candidates.video_id[rows]) for rows, _ in orders]
    liked = _liked(wanted, [stored_feed.unpacked(each) for each in packed])
    return [
        replace(
            stored_feed.make(each.generation, _variant(each, on), videos, scores, liked[each.user_id]),
            stamp=stamp,
            personalized=each.history.personalized,
        )
        for each, on, stamp, videos, (_, scores) in zip(wanted, is_ranked, stamps, packed, orders, strict=True)
    ]


def explain(user_id: str, video_ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """Signals, weights and candidate sources of videos, as they would be scored now. `creator_factor` is there where
    the score is less than the weighted sum, because the person did not want videos of that creator."""
    weight_set = settings.weight_set.get()
    wanted = Wanted(user_id, histories.of(user_id, recent.read(user_id)), b"")
    table, (others,) = _candidates([wanted])
    person, prepared = _person(table, wanted, others), table.prepared(weight_set.prior_views)
    present = [video_id for video_id in video_ids if len(table.rows([video_id.bytes]))]
    rows = table.rows(video_id.bytes for video_id in present)
    signals = pipeline.explain(prepared, person, rows, time.time(), Curve(weight_set.freshness_curve))
    factors = pipeline.creator_factors(prepared, person)[rows]
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


Order = tuple[NDArray[np.int64], NDArray[np.float32]]  # rows of the table, and their scores


def _ranked(table: SignalTable, people: Sequence[tuple[Person, Wanted]]) -> list[Order]:
    weight_set = settings.weight_set.get()
    seeded = [(person, np.random.default_rng(int.from_bytes(each.generation, "big"))) for person, each in people]
    ranked = pipeline.rank_many(
        table.prepared(weight_set.prior_views), seeded, weight_set.weights(), _options(weight_set), time.time()
    )
    return [(each.rows, each.scores) for each in ranked]


def _options(weight_set: WeightSet) -> Options:
    return Options(
        limit=LONGEST_FEED,
        curve=Curve(weight_set.freshness_curve),
        diversity=weight_set.diversity,
        decay=weight_set.creator_decay,
        exploration_share=weight_set.exploration_share,
    )


def _newest(table: SignalTable, person: Person) -> Order:
    """For people outside the flag: newest first, then most viewed, then smaller id."""
    columns = table.candidates
    allowed = np.ones(len(table), np.bool_)
    allowed[person.excluded_rows] = False
    allowed &= ~np.isin(columns.creator, person.excluded_creators)
    order = np.lexsort((np.arange(len(table)), -columns.views, -columns.created_at))
    rows = order[allowed[order]][:LONGEST_FEED]
    return rows, freshness((time.time() - columns.created_at[rows]) / pipeline.SECONDS_PER_HOUR)


def _variant(wanted: Wanted, is_ranked: bool) -> str:
    if not is_ranked:
        return NEWEST
    return RANKED if wanted.history.personalized else UNPERSONALIZED


def _candidates(wanted: Sequence[Wanted]) -> tuple[SignalTable, list[set[bytes]]]:
    """The signal table with what it lacks of the new videos of whom these people follow; and for each person those of
    the added videos that they do not follow, which are not for them."""
    table = tables.get()
    nothing: list[set[bytes]] = [set() for _ in wanted]
    try:
        found = candidates.followed([sorted(each.history.followed) for each in wanted])
        lacking = {video for videos in found for video in videos if video not in table.row_of}
        if not lacking:
            return table, nothing
        return table.joined(candidates.table_of_followed(lacking)), [lacking - videos for videos in found]
    except DatabaseError as error:
        log.warning("candidate_source_failed", source="followed", error=type(error).__name__)
        return table, nothing


def _person(table: SignalTable, wanted: Wanted, others: set[bytes]) -> Person:
    history, interactions = wanted.history, wanted.history.interactions
    sums = np.fromiter(interactions.values(), np.float64, len(interactions))
    disliked = np.fromiter(map(int, history.disliked.values()), np.int64, len(history.disliked))
    return Person(
        creators=table.creator_rows(interactions),
        creator_sums=sums,
        excluded_rows=table.rows([*history.seen, *history.not_interested, *others]),
        excluded_creators=table.creator_rows(history.blocked | {wanted.user_id}),
        down_creators=table.creator_rows(history.disliked),
        down_factors=factors_for(disliked),
    )


def _liked(wanted: Sequence[Wanted], feeds: Sequence[Sequence[bytes]]) -> dict[str, set[bytes]]:
    """What these people like of those videos. While PostgreSQL is away, nothing but what the last hours tell when a
    page is served."""
    liked: defaultdict[str, set[bytes]] = defaultdict(set)
    try:
        for user_id, video in histories.likes_among([each.user_id for each in wanted], set().union(*feeds)):
            liked[user_id].add(video)
    except DatabaseError as error:
        log.warning("likes_unknown", error=type(error).__name__)
    return liked
