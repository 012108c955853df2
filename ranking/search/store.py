"""The search index in ClickHouse, as it is written."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nova.clients import clickhouse
from ranking.search.engine.documents import Document

TABLES = ("video_search_documents", "video_search")  # in this order: a video that is found must have its document
LATEST = 2**32 - 1  # seconds since 1970 that a DateTime holds
NEWEST = "SELECT max(version) FROM video_search_documents"
FORGET_OLD = "DELETE FROM {table} WHERE version < %(version)s"
IS_HELD = "SELECT 1 FROM {table} WHERE creator_id = %(creator)s LIMIT 1"
FORGET_CREATOR = "DELETE FROM {table} WHERE creator_id = %(creator)s"


@dataclass(frozen=True)
class Entry:
    """A video as it is to be indexed. Without a document it is not to be found."""

    video_id: uuid.UUID
    version: int
    document: Document | None = None
    creator_id: str = ""
    category: str = ""
    created_at: float = 0.0
    popularity: int = 0


def insert(entries: Sequence[Entry]) -> None:
    """Returns when ClickHouse has them. Inserting an entry again changes nothing. Raises ClickHouseError."""
    if not entries:
        return
    nothing = Document([], [], [])
    documents = [each.document or nothing for each in entries]
    common: dict[str, list[Any]] = {
        "video_id": [each.video_id for each in entries],
        "version": [each.version for each in entries],
        "creator_id": [each.creator_id for each in entries],
        "category": [each.category for each in entries],
        "created_at": [storable(each.created_at) for each in entries],
        "popularity": [each.popularity for each in entries],
    }
    is_live = [each.document is not None for each in entries]
    clickhouse.insert(TABLES[0], common | {"is_live": is_live, "packed": [each.packed for each in documents]})
    terms = {"title_terms": [each.title_terms for each in documents], "terms": [each.terms for each in documents]}
    clickhouse.insert(TABLES[1], common | terms)


def newest_version() -> int:
    """Raises ClickHouseError."""
    ((version,),) = clickhouse.select(NEWEST, timeout=60)
    return version


def forget_before(version: int) -> None:
    """Delete every row that is older. Raises ClickHouseError."""
    for table in TABLES:
        clickhouse.run(FORGET_OLD.format(table=table), {"version": version}, timeout=600)


def forget_creator(creator_id: str) -> None:
    """Every version of their videos: tombstones alone would leave the words until parts are merged. Raises
    ClickHouseError."""
    for table in TABLES:
        if clickhouse.select(IS_HELD.format(table=table), {"creator": creator_id}, timeout=60):
            clickhouse.run(FORGET_CREATOR.format(table=table), {"creator": creator_id}, timeout=60)


def storable(seconds: float) -> int:
    """The nearest time that a DateTime holds."""
    return round(min(max(seconds, 0), LATEST))
