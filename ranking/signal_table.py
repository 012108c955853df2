"""The signal table: the columns of the catalogue's best candidates, small enough for every worker to hold."""

import hashlib
import io
from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ranking.engine import ids
from ranking.engine.ranking import merged_tie_order, tie_order
from ranking.engine.tables import CandidateTable, PreparedTable, Prior, merge, prepare

FORMAT = 1
COLUMNS = (
    "video_id", "created_at", "creator", "completion_sum", "views_30d", "likes", "shares", "comments", "views", "new"
)  # fmt: skip


class UnknownFormatError(ValueError):
    """A table written by another version of Nova."""


@dataclass(frozen=True, eq=False)
class SignalTable:
    """`candidates` stand in tie order; `creators` are what their `creator` column points into;
    `sources` (n,) tells by bits which candidate sources proposed a row, see `ranking.candidates`."""

    candidates: CandidateTable
    creators: Sequence[str]
    sources: NDArray[np.uint8]
    version: str = ""
    _prepared: dict[float, PreparedTable] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def creator_index(self) -> Mapping[str, int]:
        return {creator: index for index, creator in enumerate(self.creators)}

    @cached_property
    def row_of(self) -> Mapping[bytes, int]:
        """Row by the 16 bytes of a video id."""
        packed = ids.ids_to_bytes(self.candidates.video_id)
        return {packed[at : at + 16]: at // 16 for at in range(0, len(packed), 16)}

    def rows(self, video_ids: Iterable[bytes]) -> NDArray[np.int64]:
        """The rows of those videos, given by the 16 bytes of their ids, that are in the table."""
        found = map(self.row_of.get, video_ids)
        return np.array([row for row in found if row is not None], np.int64)

    def creator_rows(self, creators: Iterable[str]) -> NDArray[np.int64]:
        """The indices of creators; one that is not in the table gets an index past its end."""
        beyond = len(self.creators)
        return np.array([self.creator_index.get(creator, beyond) for creator in creators], np.int64)

    def prepared(self, prior_views: float) -> PreparedTable:
        """What a prior of so many views makes of the table; made once for each."""
        if prior_views not in self._prepared:
            self._prepared[prior_views] = self._prepare(prior_views)
        return self._prepared[prior_views]

    def joined(self, more: "SignalTable") -> "SignalTable":
        """This table with the rows of another that it lacks."""
        lacking = [row for each, row in more.row_of.items() if each not in self.row_of]
        if not lacking:
            return self
        new = np.array(lacking, np.int64)
        return JoinedTable.of(self, _pointing_into(self, more, new), more.sources[new])

    def _prepare(self, prior_views: float) -> PreparedTable:
        return prepare(self.candidates, Prior.of(self.candidates, prior_views))


@dataclass(frozen=True, eq=False)
class JoinedTable(SignalTable):
    """A table with some rows more, for one feed: nothing that was made of the large one is made again."""

    base: SignalTable | None = None
    extra: SignalTable | None = None  # its creators are those of the joined table
    order: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))  # of base and extra rows

    @classmethod
    def of(cls, base: SignalTable, extra: SignalTable, sources: NDArray[np.uint8]) -> "JoinedTable":
        extra_columns = _columns(extra.candidates)
        columns = {
            name: np.concatenate((mine, extra_columns[name])) for name, mine in _columns(base.candidates).items()
        }
        order = merged_tie_order(columns["created_at"], columns["video_id"])
        candidates = CandidateTable(**columns).take(order)
        sources = np.concatenate((base.sources, sources))[order]
        return cls(candidates, extra.creators, sources, base=base, extra=extra, order=order)

    @cached_property
    def creator_index(self) -> Mapping[str, int]:
        assert self.base is not None
        new = self.creators[len(self.base.creators) :]
        return ChainMap(
            {creator: len(self.base.creators) + at for at, creator in enumerate(new)},
            self.base.creator_index,  # type: ignore[arg-type]  # it is only read
        )

    def rows(self, video_ids: Iterable[bytes]) -> NDArray[np.int64]:
        assert self.base is not None and self.extra is not None
        base, extra, before = self.base.row_of, self.extra.row_of, []
        for each in video_ids:
            if (row := base.get(each)) is not None:
                before.append(row)
            elif (row := extra.get(each)) is not None:
                before.append(len(base) + row)
        return self._row_after[np.array(before, np.int64)]

    @cached_property
    def _row_after(self) -> NDArray[np.int64]:
        """Where each row of the base, and then of the extra, stands now."""
        after = np.empty(len(self), np.int64)
        after[self.order] = np.arange(len(self))
        return after

    def _prepare(self, prior_views: float) -> PreparedTable:
        """Shrunk towards the means of the base: a person's own videos do not move them."""
        assert self.base is not None and self.extra is not None
        extra = prepare(self.extra.candidates, Prior.of(self.base.candidates, prior_views))
        return merge(self.base.prepared(prior_views), extra, self.candidates, self.order)


def _pointing_into(base: SignalTable, more: SignalTable, rows: NDArray[np.int64]) -> SignalTable:
    """Some rows of a table, with creators that point into the list of `base` and what is added to it."""
    columns = _columns(more.candidates.take(rows))
    theirs = [more.creators[each] for each in columns["creator"]]
    new = list(dict.fromkeys(each for each in theirs if each not in base.creator_index))
    index = {creator: len(base.creators) + at for at, creator in enumerate(new)}
    columns["creator"] = np.array([base.creator_index.get(each, index.get(each)) for each in theirs], np.int32)
    return SignalTable(CandidateTable(**columns), [*base.creators, *new], more.sources[rows])


def in_tie_order(columns: dict[str, NDArray[Any]], creators: Sequence[str], sources: NDArray[np.uint8]) -> SignalTable:
    """A table from columns in any order."""
    order = tie_order(columns["created_at"], columns["video_id"])
    return SignalTable(CandidateTable(**columns).take(order), creators, sources[order])


def to_bytes(table: SignalTable) -> bytes:
    """NumPy's own archive format, without pickles."""
    head = np.frombuffer(orjson.dumps({"format": FORMAT, "creators": list(table.creators)}), np.uint8)
    buffer = io.BytesIO()
    arrays: dict[str, Any] = _columns(table.candidates)
    np.savez(buffer, head=head, sources=table.sources, **arrays)
    return buffer.getvalue()


def from_bytes(raw: bytes, version: str) -> SignalTable:
    """Raises UnknownFormatError."""
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        head = orjson.loads(archive["head"].tobytes())
        if head["format"] != FORMAT:
            raise UnknownFormatError(f"signal table format {head['format']} is not known here")
        candidates = CandidateTable(**{name: archive[name] for name in COLUMNS})
        return SignalTable(candidates, head["creators"], archive["sources"], version)


def version_of(raw: bytes) -> str:
    """The same content is the same version, so that nobody loads it twice."""
    return hashlib.sha256(raw).hexdigest()[:16]


def _columns(table: CandidateTable) -> dict[str, NDArray[Any]]:
    return {name: getattr(table, name) for name in COLUMNS}
