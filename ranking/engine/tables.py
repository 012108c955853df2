"""Candidates as columns."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.engine.arrays import Creators, Float32s, Float64s, Ids, Mask, Rows, same_length
from ranking.engine.errors import RankingInputError
from ranking.engine.ranking import in_tie_order, tie_order
from ranking.engine.signals import (
    catalogue_mean,
    completion,
    engagement,
    engagement_sum,
    known_rows,
    unit_rows,
)

Numbers = NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int32] | NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CandidateTable:
    """n candidate videos, a column each; `RankingInputError` where columns do not fit together."""

    video_id: Ids  # (n, 2) uint64, see `ids`
    created_at: Float64s  # epoch seconds
    creator: NDArray[np.int32]  # index into a list of creators, from 0
    completion_sum: Numbers  # sum of fractions 0–1 over views_30d
    views_30d: Numbers
    likes: Numbers  # this and the next three over the video's life
    shares: Numbers
    comments: Numbers
    views: Numbers
    new: Mask  # too new to have signals
    embeddings: Float32s | None = None  # (n, d); a zero row has none

    def __post_init__(self) -> None:
        same_length(**self._columns())
        if self.video_id.shape != (len(self), 2):
            raise RankingInputError(f"video_id must have the shape (n, 2), not {self.video_id.shape}")
        if not np.isfinite(self.created_at).all():
            raise RankingInputError("created_at must be finite")
        if self.creator.min(initial=0) < 0:
            raise RankingInputError("creator must not be negative")

    def __len__(self) -> int:
        return len(self.created_at)

    def take(self, rows: Rows) -> "CandidateTable":
        """The table of these rows, in their order."""
        return CandidateTable(**{name: values[rows] for name, values in self._columns().items()})

    def in_tie_order(self) -> "CandidateTable":
        """The same videos, newer first, then smaller id."""
        return self.take(tie_order(self.created_at, self.video_id))

    def _columns(self) -> dict[str, Any]:
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: values for name, values in columns.items() if values is not None}


@dataclass(frozen=True)
class Prior:
    """What completion and engagement are shrunk towards: `views` views at the catalogue's means."""

    views: float = 0.0
    completion_mean: float = 0.0
    engagement_mean: float = 0.0

    @classmethod
    def of(cls, table: CandidateTable, views: float) -> "Prior":
        """The prior of `views` views at the means of `table`."""
        engaged = engagement_sum(table.likes, table.shares, table.comments)
        return cls(
            views,
            catalogue_mean(table.completion_sum, table.views_30d),
            catalogue_mean(engaged, table.views),
        )


@dataclass(frozen=True, eq=False)
class PreparedTable:
    """A table in tie order with all that neither person nor clock changes; `prepare` makes it once."""

    table: CandidateTable
    lasting: Float32s  # (2, n) completion and engagement
    creator: Creators  # (n,) as narrow as they fit, which `diversity.occurrences` sorts faster
    creator_count: int
    units: Float32s | None  # (n, d) embeddings at length 1
    known: Float32s | None  # (n,) 1 where a video has an embedding

    def __len__(self) -> int:
        return len(self.table)


def prepare(table: CandidateTable, prior: Prior) -> PreparedTable:
    """Prepare a table that is in tie order, each video once; `RankingInputError` if it is not."""
    if not in_tie_order(table.created_at, table.video_id):
        raise RankingInputError("rows must be in tie order, each video once; see CandidateTable.in_tie_order")
    creator_count = int(table.creator.max(initial=-1)) + 1
    units = None if table.embeddings is None else unit_rows(table.embeddings)
    return PreparedTable(
        table=table,
        lasting=_lasting_signals(table, prior),
        creator=table.creator.astype(np.min_scalar_type(creator_count)),
        creator_count=creator_count,
        units=units,
        known=None if units is None else known_rows(units),
    )


def merge(first: PreparedTable, second: PreparedTable, merged: CandidateTable, order: Rows) -> PreparedTable:
    """What `prepare` would make of `merged`, whose rows are those of `first` and then `second` taken in `order`, from
    what it made of the two; their creators point into one list."""
    creator_count = max(first.creator_count, second.creator_count)
    embedded = first.units is not None and second.units is not None
    return PreparedTable(
        table=merged,
        lasting=np.concatenate((first.lasting, second.lasting), axis=1)[:, order],
        creator=merged.creator.astype(np.min_scalar_type(creator_count)),
        creator_count=creator_count,
        units=np.concatenate((first.units, second.units))[order] if embedded else None,  # type: ignore[arg-type]
        known=np.concatenate((first.known, second.known))[order] if embedded else None,  # type: ignore[arg-type]
    )


def _lasting_signals(table: CandidateTable, prior: Prior) -> Float32s:
    counted = (table.likes, table.shares, table.comments, table.views)
    return np.stack(
        (
            completion(table.completion_sum, table.views_30d, prior.views, prior.completion_mean),
            engagement(*counted, prior.views, prior.engagement_mean),
        )
    )
