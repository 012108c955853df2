"""A feed as it lies in Redis: the order in which a person may see up to 500 videos.

FORMAT, variant, personalised or not, stamp, number of videos; then all ids, all scores, and which were liked. Ids stand
together because a page is cut by comparing them, and nothing else is unpacked for that.
"""

import struct
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import orjson
from numpy.typing import NDArray

FORMAT = 3
HEAD = struct.Struct(">BB?xIH")
BYTES_PER_ID, BYTES_PER_SCORE = 16, 4
# How a feed was made, which answers say in X-Feed-Variant: by score, newest first for people outside the flag, or by
# a score that knows nothing of a person who wants it so.
RANKED, NEWEST, UNPERSONALIZED = VARIANTS = ["ranked", "newest", "unpersonalized"]


class UnknownFeedError(ValueError):
    """A stored feed that another version of Nova wrote."""


@dataclass(frozen=True, eq=False)
class Feed:
    """`packed` are the ids one after the other, 16 bytes each, `scores` (n,) float32, `liked` one byte each: 1 for what
    the person liked when it was built. `stamp` tells which settings it was built with, see `ranking.settings.stamp`.
    Of one that is not `personalized` nothing is dropped for what the person did, only for whom they block."""

    generation: bytes
    variant: str
    packed: bytes
    scores: NDArray[np.float32]
    liked: bytes
    stamp: int = 0
    personalized: bool = True

    def __len__(self) -> int:
        return len(self.liked)

    def ids(self, start: int, end: int) -> tuple[bytes, ...]:
        """The 16 bytes of each id of these entries."""
        return _unpacker(end - start).unpack_from(self.packed, BYTES_PER_ID * start)

    def score_texts(self, start: int, end: int) -> list[bytes]:
        """The scores of these entries as they are written in JSON."""
        return orjson.dumps(self.scores[start:end], option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")

    @property
    def video_ids(self) -> list[uuid.UUID]:
        return [uuid.UUID(bytes=each) for each in self.ids(0, len(self))]

    def to_bytes(self) -> bytes:
        head = HEAD.pack(FORMAT, VARIANTS.index(self.variant), self.personalized, self.stamp, len(self))
        return head + self.packed + self.scores.astype("<f4").tobytes() + self.liked


def make(generation: bytes, variant: str, packed: bytes, scores: NDArray[np.float32], liked: Collection[bytes]) -> Feed:
    """A feed of videos in their order."""
    return Feed(generation, variant, packed, scores, bytes(each in liked for each in unpacked(packed)))


def from_bytes(generation: bytes, raw: bytes) -> Feed:
    """Raises UnknownFeedError."""
    if len(raw) < HEAD.size or raw[0] != FORMAT:
        raise UnknownFeedError("this feed's format is not known here")
    _, variant, personalized, stamp, count = HEAD.unpack_from(raw)
    scores_at = HEAD.size + BYTES_PER_ID * count
    liked_at = scores_at + BYTES_PER_SCORE * count
    if len(raw) != liked_at + count or variant >= len(VARIANTS):
        raise UnknownFeedError("this feed is cut")
    scores = np.frombuffer(raw, "<f4", count, scores_at).copy()  # aligned, and of its own
    packed, liked = raw[HEAD.size : scores_at], raw[liked_at:]
    return Feed(generation, VARIANTS[variant], packed, scores, liked, stamp, personalized)


def unpacked(packed: bytes) -> tuple[bytes, ...]:
    """Ids that stand one after the other, 16 bytes each."""
    return _unpacker(len(packed) // BYTES_PER_ID).unpack(packed)


@lru_cache(maxsize=1024)
def _unpacker(count: int) -> struct.Struct:
    """Takes ids apart six times as fast as slicing."""
    return struct.Struct(f"{BYTES_PER_ID}s" * count)
