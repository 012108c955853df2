"""Which videos changed a moment ago, in a Redis stream: whoever keeps cards or counters drops what it names.

Written with every counter that moves and every card that is dropped, read by each web worker some times a second.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from nova.clients import redis

KEY = "videos:changed"
LONGEST = 10_000  # entries, of one batch each: hours of them
AT_ONCE = 1_000
BYTES_PER_ID = 16


def note(pipeline: Any, video_ids: Iterable[uuid.UUID]) -> None:
    """Add an entry, on a pipeline or a connection of Redis."""
    ids = packed(video_ids)
    if ids:
        pipeline.xadd(KEY, {"ids": ids}, maxlen=LONGEST, approximate=True)


def packed(video_ids: Iterable[uuid.UUID]) -> bytes:
    """What an entry holds: the 16 bytes of each id, one after the other."""
    return b"".join({each.bytes for each in video_ids})


def newest() -> bytes:
    """The name of the last entry. Raises RedisError."""
    last = redis.connection().xrevrange(KEY, count=1)
    return last[0][0] if last else b"0-0"


def since(entry: bytes) -> tuple[set[bytes], bytes]:
    """The ids that the entries after this one hold, and the name of the last of them. Raises RedisError."""
    found: set[bytes] = set()
    while answer := redis.connection().xread({KEY: entry}, count=AT_ONCE):
        entries = answer[0][1] if isinstance(answer, list) else answer[KEY.encode()][0]
        for entry, fields in entries:  # noqa: B007 - the last one is where to go on
            ids = fields[b"ids"]
            found.update(ids[at : at + BYTES_PER_ID] for at in range(0, len(ids), BYTES_PER_ID))
        if len(entries) < AT_ONCE:
            break
    return found, entry


def order(entry: bytes) -> tuple[int, int]:
    """What the names of entries are sorted by: milliseconds, and a number within one."""
    at, _, number = entry.partition(b"-")
    return int(at), int(number)
