"""The search index as it is written: words to ClickHouse, what videos are scored by to PostgreSQL."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection

from nova.clients import clickhouse
from ranking.search.engine.documents import Document

LATEST = 2**32 - 1  # seconds since 1970 that a DateTime holds
NEWEST = "SELECT max(version) FROM video_search"
TIDY = "OPTIMIZE TABLE video_search FINAL"
FORGET_OLD = "DELETE FROM video_search WHERE version < %(version)s"
IS_HELD = "SELECT 1 FROM video_search WHERE creator_id = %(creator)s LIMIT 1"
FORGET_CREATOR = "DELETE FROM video_search WHERE creator_id = %(creator)s"
# Of two indexers that come at the same video the later change wins, whoever is last.
PUT_DOCUMENTS = """
INSERT INTO ranking_searchdocument AS known (video_id, version, created_at, popularity, packed)
SELECT * FROM unnest(%s::uuid[], %s::bigint[], %s::float8[], %s::smallint[], %s::bytea[])
    AS given(video_id, version, created_at, popularity, packed) ORDER BY video_id
ON CONFLICT (video_id) DO UPDATE SET version = EXCLUDED.version, created_at = EXCLUDED.created_at,
    popularity = EXCLUDED.popularity, packed = EXCLUDED.packed
WHERE known.version < EXCLUDED.version
"""


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


def put(entries: Sequence[Entry]) -> None:
    """Call it in the transaction that takes the changes: ClickHouse has the entries when it returns, PostgreSQL when
    that ends. Doing it again changes nothing. Raises ClickHouseError and DatabaseError."""
    if entries:
        _put_documents(entries)
        _put_words(entries)


def newest_version() -> int:
    """Raises ClickHouseError."""
    ((version,),) = clickhouse.select(NEWEST, timeout=60)
    return version


def forget_before(version: int) -> None:
    """Delete every row that is older. Raises ClickHouseError."""
    clickhouse.run(FORGET_OLD, {"version": version}, timeout=600)


def tidy() -> None:
    """Merge all parts now, which ClickHouse does by itself within the hour. Raises ClickHouseError."""
    clickhouse.run(TIDY, timeout=600)


def forget_creator(creator_id: str) -> None:
    """Every version of their videos: later ones without words would leave the words until parts are merged. Raises
    ClickHouseError."""
    if clickhouse.select(IS_HELD, {"creator": creator_id}, timeout=60):
        clickhouse.run(FORGET_CREATOR, {"creator": creator_id}, timeout=60)


def storable(seconds: float) -> int:
    """The nearest time that a DateTime holds."""
    return round(min(max(seconds, 0), LATEST))


def _put_documents(entries: Sequence[Entry]) -> None:
    """Of one that is not to be found nothing stays but its version, against older changes that come late."""
    rows = [(each.video_id, each.version, each.created_at, each.popularity, _packed(each)) for each in entries]
    with connection.cursor() as cursor:
        cursor.execute(PUT_DOCUMENTS, [list(column) for column in zip(*rows, strict=True)])


def _packed(entry: Entry) -> bytes:
    return np.array(entry.document.packed if entry.document else (), "<u4").tobytes()


def _put_words(entries: Sequence[Entry]) -> None:
    columns: dict[str, list[Any]] = {
        "video_id": [each.video_id for each in entries],
        "version": [each.version for each in entries],
        "creator_id": [each.creator_id for each in entries],
        "category": [each.category for each in entries],
        "created_at": [storable(each.created_at) for each in entries],
        "popularity": [each.popularity for each in entries],
        "title_terms": [each.document.title_terms if each.document else [] for each in entries],
        "terms": [each.document.terms if each.document else [] for each in entries],
    }
    clickhouse.insert("video_search", columns)
