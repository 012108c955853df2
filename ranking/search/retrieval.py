"""Candidates for a search: videos by their words, from ClickHouse's text index."""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nova.clients import clickhouse
from ranking.search.engine.asking import Group, Question
from ranking.search.store import storable

TIMEOUT = 2.0  # seconds
MOST_CANDIDATES = 300  # of one search
ENOUGH_TITLES = 150
# Where there are more than can be scored: popular ones and new ones. As an array, which is a row also when it is empty.
CANDIDATES = """
SELECT groupArray(video_id) FROM (
    SELECT video_id FROM video_search WHERE ({has}){filters}
    ORDER BY popularity + 40 * exp2((toInt64(created_at) - %(now)s) / 604800) DESC LIMIT %(most)s
)
SETTINGS query_plan_optimize_lazy_materialization = 0, use_text_index_postings_cache = 1
"""


@dataclass(frozen=True)
class Filters:
    """What a video must be. Times are seconds since 1970, the second one exclusive."""

    creator_id: str | None = None
    category: str | None = None
    since: float | None = None
    until: float | None = None

    def sql(self) -> str:
        known = {
            "creator_id = %(creator_id)s": self.creator_id,
            "category = %(category)s": self.category,
            "created_at >= toDateTime(%(since)s)": self.since,
            "created_at < toDateTime(%(until)s)": self.until,
        }
        return "".join(f" AND {clause}" for clause, value in known.items() if value is not None)

    def parameters(self) -> dict[str, Any]:
        return {
            "creator_id": self.creator_id,
            "category": self.category,
            "since": storable(self.since or 0),
            "until": storable(self.until or 0),
        }


def with_all(asked: Question, filters: Filters, *, titles_first: bool) -> list[uuid.UUID]:
    """Videos that have every required group. Where there are more than can be scored, those with all groups in the
    title are preferred; `titles_first` says that so many are expected. Raises ClickHouseError."""
    if titles_first:
        titles = _candidates([asked.required], "title_terms", filters)
        if len(titles) >= ENOUGH_TITLES:
            return titles
        return list(dict.fromkeys([*titles, *_candidates([asked.required], "terms", filters)]))
    found = _candidates([asked.required], "terms", filters)
    if len(found) < MOST_CANDIDATES:
        return found
    return list(dict.fromkeys([*_candidates([asked.required], "title_terms", filters), *found]))


def with_some(combinations: Sequence[Sequence[Group]], filters: Filters) -> list[uuid.UUID]:
    """Videos that have every group of any of the combinations. Raises ClickHouseError."""
    return _candidates(combinations, "terms", filters)


def _candidates(combinations: Sequence[Sequence[Group]], column: str, filters: Filters) -> list[uuid.UUID]:
    """One condition that the text index answers by itself: a second query costs as much as the first."""
    tokens: dict[str, list[str]] = {}
    has = " OR ".join(_has(groups, column, tokens) for groups in combinations)
    ((video_ids,),) = clickhouse.select(
        CANDIDATES.format(has=has, filters=filters.sql()),
        tokens | filters.parameters() | {"now": int(time.time()), "most": MOST_CANDIDATES},
        timeout=TIMEOUT,
    )
    return list(dict.fromkeys(video_ids))


def _has(groups: Sequence[Group], column: str, tokens: dict[str, list[str]]) -> str:
    """That a column has all the groups; what they are made of is added to `tokens`, the parameters."""

    def bound(some: Iterable[str]) -> str:
        name = f"tokens_{len(tokens)}"
        tokens[name] = list(some)
        return f"%({name})s"

    single = [token for group in groups if len(group.tokens) == 1 for token in group.tokens]
    clauses = [f"hasAllTokens({column}, {bound(single)})"] if single else []
    clauses += [f"hasAnyTokens({column}, {bound(group.tokens)})" for group in groups if len(group.tokens) > 1]
    return f"({' AND '.join(clauses)})"
