"""The signal table: the columns of the catalogue's best candidates, small enough for every worker to hold."""

import hashlib
import io
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ranking.engine import ids
from ranking.engine.tables import CandidateTable

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
    cache: dict[Any, Any] = field(default_factory=dict)  # what was prepared from this table, by weight set

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def creator_index(self) -> dict[str, int]:
        return {creator: index for index, creator in enumerate(self.creators)}

    @cached_property
    def row_of(self) -> dict[bytes, int]:
        """Row by the 16 bytes of a video id."""
        packed = ids.ids_to_bytes(self.candidates.video_id)
        return {packed[at : at + 16]: at // 16 for at in range(0, len(packed), 16)}

    def rows(self, video_ids: Iterable[uuid.UUID]) -> NDArray[np.int64]:
        """The rows of those videos that are in the table."""
        found = (self.row_of.get(video_id.bytes) for video_id in video_ids)
        return np.array([row for row in found if row is not None], np.int64)

    def creator_rows(self, creators: Iterable[str]) -> NDArray[np.int64]:
        """The indices of creators; one that is not in the table gets an index past its end."""
        beyond = len(self.creators)
        return np.array([self.creator_index.get(creator, beyond) for creator in creators], np.int64)

    def joined(self, more: "SignalTable") -> "SignalTable":
        """This table with the rows of another that it lacks."""
        extra_ids = ids.ids_to_uuids(more.candidates.video_id)
        new = np.array([row for row, each in enumerate(extra_ids) if each.bytes not in self.row_of], np.int64)
        if not len(new):
            return self
        creators = list(dict.fromkeys([*self.creators, *more.creators]))
        index = {creator: at for at, creator in enumerate(creators)}
        extra = _columns(more.candidates.take(new))
        extra["creator"] = np.array([index[more.creators[each]] for each in extra["creator"]], np.int32)
        columns = {name: np.concatenate((mine, extra[name])) for name, mine in _columns(self.candidates).items()}
        return in_tie_order(columns, creators, np.concatenate((self.sources, more.sources[new])))


def in_tie_order(columns: dict[str, NDArray[Any]], creators: Sequence[str], sources: NDArray[np.uint8]) -> SignalTable:
    """A table from columns in any order."""
    from ranking.engine.ranking import tie_order

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
