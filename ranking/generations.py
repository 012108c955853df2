"""Feed generations: a feed as it was built once, in Redis until nobody pages through it any more.

`feed:u:{user}` names the current one, `feed:g2:{user}:{generation}` holds its list. An engagement drops the name alone:
the next first page is built anew, while older cursors go on in the list they began. `feed:gs:{user}` lists the
generations by when they expire, so that an erasure finds them. The 2 is FORMAT: while an older Nova runs beside a new
one, neither reads a list of the other and both build anew.
"""

import random
import secrets
import struct
import time
import uuid
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nova.clients import redis
from ranking.engine import ids

LIFETIME = 3600  # of the current feed
JITTER = 0.05  # so that feeds warmed together do not expire together
PAGING_LIFETIME = 2 * 3600 + 600  # a cursor from the current feed's last second is good for an hour more
LONGEST_BUILD = 60  # seconds
GENERATION_BYTES = 8
ENTRY = np.dtype([("id", ">u8", (2,)), ("score", "<f4"), ("liked", "?")])
# How a feed was made, which answers say in X-Feed-Variant: by score, newest first for people outside the flag, or by
# a score that knows nothing of a person who wants it so.
RANKED, NEWEST, UNPERSONALIZED = VARIANTS = ["ranked", "newest", "unpersonalized"]
FORMAT = 2
HEAD = struct.Struct(">BB?I")  # of a stored feed: FORMAT, index of its variant, whether it is personalised, stamp

# Make a feed the current one, unless the person said something new while it was built.
SAVE = """
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[4], 0, ARGV[6])
redis.call('ZADD', KEYS[4], ARGV[6] + ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[4], ARGV[4])
if (redis.call('GET', KEYS[3]) or '') == ARGV[5] then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
"""
# The current feed in one round trip: its generation and its list.
READ_CURRENT = """
local generation = redis.call('GET', KEYS[1])
if not generation then return false end
return {generation, redis.call('GET', ARGV[1] .. generation)}
"""
# An older list, whose life is prolonged by that of the next cursor into it.
READ_OLDER = """
local list = redis.call('GETEX', KEYS[1], 'EX', ARGV[2])
if list then
    redis.call('ZADD', KEYS[2], ARGV[3] + ARGV[2], ARGV[1])
    redis.call('EXPIRE', KEYS[2], ARGV[2])
end
return list
"""


class UnknownFeedError(ValueError):
    """A stored feed that another version of Nova wrote."""


@dataclass(frozen=True, eq=False)
class Entries:
    """The list: n rows of video id, score and whether the person liked it when the feed was built."""

    rows: NDArray[np.void]

    @classmethod
    def of(cls, video_ids: NDArray[np.uint64], scores: NDArray[np.float32]) -> "Entries":
        rows = np.zeros(len(scores), ENTRY)
        rows["id"], rows["score"] = video_ids, scores
        return cls(rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def video_ids(self) -> list[uuid.UUID]:
        return ids.ids_to_uuids(self.rows["id"])

    def with_liked(self, liked: Collection[uuid.UUID]) -> "Entries":
        rows = self.rows.copy()
        rows["liked"] = [video_id in liked for video_id in self.video_ids]
        return Entries(rows)


@dataclass(frozen=True, eq=False)
class Feed:
    """`stamp` tells which settings it was built with, see `ranking.settings.stamp`. Of one that is not `personalized`
    nothing is dropped for what the person did, only for whom they block."""

    generation: bytes
    variant: str
    entries: Entries
    stamp: int = 0
    personalized: bool = True

    def to_bytes(self) -> bytes:
        head = HEAD.pack(FORMAT, VARIANTS.index(self.variant), self.personalized, self.stamp)
        return head + self.entries.rows.tobytes()

    @classmethod
    def from_bytes(cls, generation: bytes, raw: bytes) -> "Feed":
        """Raises UnknownFeedError."""
        if raw[0] != FORMAT or len(raw) < HEAD.size:
            raise UnknownFeedError(f"feed format {raw[0]} is not known here")
        _, variant, personalized, stamp = HEAD.unpack_from(raw)
        entries = Entries(np.frombuffer(raw, ENTRY, offset=HEAD.size))
        return cls(generation, VARIANTS[variant], entries, stamp, personalized)


def new_name() -> bytes:
    return secrets.token_bytes(GENERATION_BYTES)


def key(user_id: str) -> str:
    return f"feed:u:{user_id}"


def list_key(user_id: str, generation: str) -> str:
    """Apart from `key`, or a person called `ann:0123…` would share a key with one called `ann`."""
    return f"feed:g{FORMAT}:{user_id}:{generation}"


def index_key(user_id: str) -> str:
    return f"feed:gs:{user_id}"


def tastes_key(user_id: str) -> str:
    """Counts the changes of a person's taste, for as long as a build may last."""
    return f"feed:t:{user_id}"


def tastes(user_id: str) -> bytes:
    """What `save` compares: read it before a build reads anything else."""
    with redis.fail_open("read_tastes"):
        return redis.connection().get(tastes_key(user_id)) or b""
    return b""


def save(user_id: str, feed: Feed, tastes_before: bytes) -> None:
    """Make this the current feed, unless a taste changed since `tastes_before`; its pages can be read in any case."""
    name = feed.generation.hex()
    keys = [key(user_id), list_key(user_id, name), tastes_key(user_id), index_key(user_id)]
    lifetime = int(LIFETIME * random.uniform(1 - JITTER, 1))
    values = [name, lifetime, feed.to_bytes(), PAGING_LIFETIME, tastes_before, int(time.time())]
    with redis.fail_open("write_feed"):
        redis.connection().eval(SAVE, len(keys), *keys, *values)


def current(user_id: str) -> Feed | None:
    with redis.fail_open("read_feed"), suppress(UnknownFeedError):
        found = redis.connection().eval(READ_CURRENT, 1, key(user_id), list_key(user_id, ""))
        if found and found[1]:
            return Feed.from_bytes(bytes.fromhex(found[0].decode()), found[1])
    return None


def load(user_id: str, generation: bytes) -> Feed | None:
    """An older feed that somebody pages through; its life is prolonged by that of the next cursor."""
    name = generation.hex()
    keys = [list_key(user_id, name), index_key(user_id)]
    with redis.fail_open("read_feed"), suppress(UnknownFeedError):
        raw = redis.connection().eval(READ_OLDER, len(keys), *keys, name, PAGING_LIFETIME, int(time.time()))
        if raw:
            return Feed.from_bytes(generation, raw)
    return None


def drop_current(user_ids: Iterable[str]) -> bool:
    """Have the next first page of these people built anew, and no build that has begun already kept.

    Returns whether Redis took it.
    """
    with redis.fail_open("drop_feed"):
        pipeline = redis.connection().pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.delete(key(user_id))
            pipeline.incr(tastes_key(user_id)).expire(tastes_key(user_id), LONGEST_BUILD)
        pipeline.execute()
        return True
    return False


def held(user_id: str) -> dict[str, list[str]]:
    """Which videos the lists hold that Redis has of a person, by generation, in their order. Raises RedisError."""
    names = [name.decode() for name in redis.connection().zrange(index_key(user_id), 0, -1)]
    raw = [redis.connection().get(list_key(user_id, name)) for name in names]
    return {
        name: list(map(str, Feed.from_bytes(bytes.fromhex(name), each).entries.video_ids))
        for name, each in zip(names, raw, strict=True)
        if each and each[0] == FORMAT
    }


def forget(user_id: str) -> None:
    """Drop all lists of a person. Raises RedisError."""
    names = [name.decode() for name in redis.connection().zrange(index_key(user_id), 0, -1)]
    keys = [key(user_id), index_key(user_id), tastes_key(user_id), *(list_key(user_id, name) for name in names)]
    redis.connection().unlink(*keys)
