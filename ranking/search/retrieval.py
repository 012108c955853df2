"""Finding videos in ClickHouse's text index: candidates by their words, then what each is scored by."""

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nova.clients import clickhouse
from ranking.search.engine.asking import Group, Question
from ranking.search.engine.documents import code
from ranking.search.engine.scoring import Found
from ranking.search.store import storable

TIMEOUT = 2.0  # seconds
MOST_CANDIDATES = 600  # of one search
SECONDS_PER_DAY = 86_400
# Where there are more than can be scored: popular ones and new ones.
CANDIDATES = """
(SELECT video_id FROM video_search WHERE {has}{filters}
ORDER BY popularity + 40 * exp2((toInt64(created_at) - %(now)s) / 604800) DESC LIMIT %(most)s)
"""
# What the newest row of each candidate says: an older one may have had other words.
DOCUMENTS = """
SELECT video_id, hits, length, toInt64(created_at) AS created, popularity
FROM
(
    SELECT *, length(packed) AS length, arrayFilter(each -> bitShiftRight(each, 4) IN %(codes)s, packed) AS hits
    FROM video_search_documents
    WHERE video_id IN ({candidates})
    ORDER BY video_id, version DESC LIMIT 1 BY video_id
)
WHERE is_live AND notEmpty(hits){filters}
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


class Retrieved(NamedTuple):
    """Videos, and in the same order what they are scored by."""

    video_ids: list[uuid.UUID]
    found: Found


def with_all(asked: Question, filters: Filters, *, titles_first: bool) -> Retrieved:
    """Videos that have every required group. Where there are more than can be scored, `titles_first` takes half of them
    from those with all groups in the title. Raises ClickHouseError."""
    condition = Condition()
    condition.add(asked.required, "terms")
    if titles_first:
        condition.add(asked.required, "title_terms")
    return _retrieve(asked, condition, filters)


def with_some(asked: Question, combinations: Iterable[Sequence[Group]], filters: Filters) -> Retrieved:
    """Videos that have every group of any of the combinations. Raises ClickHouseError."""
    condition = Condition()
    for groups in combinations:
        condition.add(groups, "terms")
    return _retrieve(asked, condition, filters)


class Condition:
    """Alternatives, each of them something that the text index answers by itself, and their parameters."""

    def __init__(self) -> None:
        self.alternatives: list[str] = []
        self.parameters: dict[str, list[str]] = {}

    def add(self, groups: Sequence[Group], column: str) -> None:
        """Videos that have all the groups in a column."""
        single = [token for group in groups if len(group.tokens) == 1 for token in group.tokens]
        clauses = [f"hasAllTokens({column}, {self._bound(single)})"] if single else []
        several = [list(group.tokens) for group in groups if len(group.tokens) > 1]
        clauses += [f"hasAnyTokens({column}, {self._bound(tokens)})" for tokens in several]
        self.alternatives.append(" AND ".join(clauses))

    def _bound(self, tokens: list[str]) -> str:
        name = f"tokens_{len(self.parameters)}"
        self.parameters[name] = tokens
        return f"%({name})s"


def _retrieve(asked: Question, condition: Condition, filters: Filters) -> Retrieved:
    where = filters.sql()
    candidates = "UNION ALL".join(CANDIDATES.format(has=each, filters=where) for each in condition.alternatives)
    now = int(time.time())
    parameters = {
        "now": now,
        "most": MOST_CANDIDATES // len(condition.alternatives),
        "codes": tuple(code(token) for token in asked.tokens),
    }
    rows = clickhouse.select(
        DOCUMENTS.format(candidates=candidates, filters=where),
        condition.parameters | filters.parameters() | parameters,
        timeout=TIMEOUT,
    )
    return Retrieved([row[0] for row in rows], _columns(rows, now))


def _columns(rows: Sequence[tuple[Any, ...]], now: int) -> Found:
    return Found(
        hits=np.array([hit for row in rows for hit in row[1]], np.uint32),
        hit_counts=np.array([len(row[1]) for row in rows], np.int64),
        lengths=np.array([row[2] for row in rows], np.float64),
        ages=(now - np.array([row[3] for row in rows], np.float64)) / SECONDS_PER_DAY,
        popularity=np.array([row[4] for row in rows], np.float64),
    )
