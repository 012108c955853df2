"""Small signal tables."""

import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np

from ranking import signal_table
from ranking.candidates import FRESH
from ranking.engine import ids
from ranking.signal_table import SignalTable

Row = tuple[int, float, str]  # number of the video, created_at, creator


def video_id(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


def table_of(*rows: Row, views: float = 100, source: int = FRESH) -> SignalTable:
    """A table of these videos, in whatever order they are given."""
    creators = list(dict.fromkeys(creator for _, _, creator in rows))
    amounts = np.full(len(rows), views)
    columns: dict[str, Any] = {
        "video_id": ids.ids_from_uuids(video_id(number) for number, _, _ in rows),
        "created_at": np.array([created_at for _, created_at, _ in rows], np.float64),
        "creator": np.array([creators.index(creator) for _, _, creator in rows], np.int32),
        **dict.fromkeys(("completion_sum", "views_30d", "likes", "shares", "comments", "views"), amounts),
        "new": np.zeros(len(rows), np.bool_),
    }
    return signal_table.in_tie_order(columns, creators, np.full(len(rows), source, np.uint8))


def rows_of(table: SignalTable) -> list[Row]:
    """What `table_of` takes, in the order of the table."""
    columns = table.candidates
    return [
        (each.int, float(created_at), table.creators[creator])
        for each, created_at, creator in zip(
            ids.ids_to_uuids(columns.video_id), columns.created_at, columns.creator, strict=True
        )
    ]


def numbers_of(table: SignalTable) -> Sequence[int]:
    return [number for number, _, _ in rows_of(table)]
