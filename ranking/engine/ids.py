"""Video ids as numbers.

A UUID is a row of two uint64: its high and its low eight bytes, read big-endian. Comparing high, then low is
comparing the UUIDs, which is how Python and PostgreSQL order them. NumPy's `S16` would do neither: it strips
trailing NULs, and `V16` cannot be sorted quickly.
"""

from collections.abc import Iterable
from uuid import UUID

import numpy as np

from ranking.engine.arrays import Ids
from ranking.engine.errors import RankingInputError

BYTES_PER_ID = 16


def ids_from_bytes(packed: bytes) -> Ids:
    """(n, 2) uint64 from n UUIDs of 16 bytes, one after the other."""
    if len(packed) % BYTES_PER_ID:
        raise RankingInputError(f"{len(packed)} bytes are no whole number of UUIDs")
    return np.frombuffer(packed, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def ids_to_bytes(ids: Ids) -> bytes:
    """The inverse of `ids_from_bytes`."""
    return ids.astype(">u8").tobytes()


def ids_from_uuids(uuids: Iterable[UUID]) -> Ids:
    """(n, 2) uint64 from UUIDs."""
    return ids_from_bytes(b"".join(uuid.bytes for uuid in uuids))


def ids_to_uuids(ids: Ids) -> list[UUID]:
    """The UUIDs of an (n, 2) uint64 array, in its order."""
    packed = ids_to_bytes(ids)
    return [UUID(bytes=packed[at : at + BYTES_PER_ID]) for at in range(0, len(packed), BYTES_PER_ID)]
