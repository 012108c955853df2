"""The words of the index with the number of videos each is in, packed: 100,000 words take some 3 MB."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

SIGNATURE_BITS = 64


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """`blob` holds the words in the order of their UTF-8 bytes, each before a line feed; `ends` (n,) where each ends;
    `counts` (n,) in how many of `documents` videos each is; `lengths` (n,) their characters; `signatures` (n,) which
    characters they have, as bits."""

    blob: bytes
    ends: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    lengths: NDArray[np.uint8]
    signatures: NDArray[np.uint64]
    documents: int

    @classmethod
    def of(cls, words: Sequence[str], counts: Sequence[int], documents: int) -> "Vocabulary":
        """From words in any order, each once and without line feeds."""
        order = sorted(range(len(words)), key=lambda at: words[at].encode())
        blob = "".join(f"{words[at]}\n" for at in order).encode()
        return cls.packed(blob, np.array([counts[at] for at in order], np.uint32), documents)

    @classmethod
    def packed(cls, blob: bytes, counts: NDArray[np.uint32], documents: int) -> "Vocabulary":
        """From words that are in order already."""
        letters = np.frombuffer(blob.decode().encode("utf-32-le"), np.uint32)
        ends = np.flatnonzero(letters == ord("\n"))
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
        bits = np.where(
            letters == ord("\n"), np.uint64(0), np.uint64(1) << (letters % SIGNATURE_BITS).astype(np.uint64)
        )
        return cls(
            blob,
            np.flatnonzero(np.frombuffer(blob, np.uint8) == ord("\n")).astype(np.uint32),
            counts,
            (ends - starts).astype(np.uint8),
            np.bitwise_or.reduceat(bits, starts) if len(ends) else np.empty(0, np.uint64),
            documents,
        )

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def nbytes(self) -> int:
        arrays = (self.ends, self.counts, self.lengths, self.signatures, self._lengths)
        return len(self.blob) + sum(each.nbytes for each in arrays)

    def word(self, row: int) -> str:
        start = int(self.ends[row - 1]) + 1 if row else 0
        return self.blob[start : int(self.ends[row])].decode()

    def count(self, word: str) -> int:
        """In how many videos a word is; 0 for an unknown one."""
        wanted = word.encode()
        row = self._first_from(wanted)
        return int(self.counts[row]) if row < len(self) and self._bytes(row) == wanted else 0

    def starting_with(self, prefix: str, most: int) -> list[str]:
        """The most frequent words that go on from a prefix, the most frequent first; not the prefix itself."""
        raw = prefix.encode()
        first, end = self._first_from(raw), self._first_from(raw + b"\xff")
        if first < end and self._bytes(first) == raw:
            first += 1
        best = np.argsort(-self.counts[first:end].astype(np.int64), kind="stable")[:most] + first
        return [self.word(int(row)) for row in best]

    def near(self, word: str, edits: int) -> list[str]:
        """Every word within so many edits, and others: what length and letters cannot rule out. An edit changes the
        length by one at most and two bits of the signature."""
        signature = np.uint64(0)
        for letter in word:
            signature |= np.uint64(1 << ord(letter) % SIGNATURE_BITS)
        alike = np.abs(self._lengths - len(word)) <= edits
        alike &= np.bitwise_count(self.signatures ^ signature) <= 2 * edits
        return [self.word(int(row)) for row in np.flatnonzero(alike)]

    @cached_property
    def _lengths(self) -> NDArray[np.int16]:
        return self.lengths.astype(np.int16)

    def _bytes(self, row: int) -> bytes:
        start = int(self.ends[row - 1]) + 1 if row else 0
        return self.blob[start : int(self.ends[row])]

    def _first_from(self, wanted: bytes) -> int:
        """The row of the first word that is not before `wanted`."""
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low


EMPTY = Vocabulary.packed(b"", np.empty(0, np.uint32), 0)
