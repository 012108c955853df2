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
MOST_CANDIDATES = 400  # of one search
# Where there are more than can be scored: popular ones and new ones. As an array, which is a row also when it is empty.
CANDIDATES = """
SELECT groupArray(video_id) FROM (
    SELECT video_id FROM video_search WHERE {has}{filters}
    ORDER BY popularity + 40 * exp2((toInt64(created_at) - %(now)s) / 604800) DESC LIMIT %(most)s
)
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
    """Videos that have every required group. Where there are more than can be scored, `titles_first` takes half of them
    from those with all groups in the title. Raises ClickHouseError."""
    condition = Condition()
    if titles_first:
        condition.add(asked.required, "title_terms")
    condition.add(asked.required, "terms")
    return condition.candidates(filters)


def with_some(combinations: Iterable[Sequence[Group]], filters: Filters) -> list[uuid.UUID]:
    """Videos that have every group of any of the combinations. Raises ClickHouseError."""
    condition = Condition()
    for groups in combinations:
        condition.add(groups, "terms")
    return condition.candidates(filters)


class Condition:
    """Alternatives, each of them something that the text index answers by itself, and their parameters."""

    def __init__(self) -> None:
        self._alternatives: list[str] = []
        self._parameters: dict[str, list[str]] = {}

    def add(self, groups: Sequence[Group], column: str) -> None:
        """Videos that have all the groups in a column."""
        single = [token for group in groups if len(group.tokens) == 1 for token in group.tokens]
        clauses = [f"hasAllTokens({column}, {self._bound(single)})"] if single else []
        several = [list(group.tokens) for group in groups if len(group.tokens) > 1]
        clauses += [f"hasAnyTokens({column}, {self._bound(tokens)})" for tokens in several]
        self._alternatives.append(" AND ".join(clauses))

    def candidates(self, filters: Filters) -> list[uuid.UUID]:
        """Those of each alternative, the first one's first, each video once."""
        where = filters.sql()
        rows = clickhouse.select(
            "UNION ALL".join(CANDIDATES.format(has=each, filters=where) for each in self._alternatives),
            self._parameters
            | filters.parameters()
            | {"now": int(time.time()), "most": MOST_CANDIDATES // len(self._alternatives)},
            timeout=TIMEOUT,
        )
        return list(dict.fromkeys(video_id for (video_ids,) in rows for video_id in video_ids))

    def _bound(self, tokens: list[str]) -> str:
        name = f"tokens_{len(self._parameters)}"
        self._parameters[name] = tokens
        return f"%({name})s"
