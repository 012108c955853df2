"""What a person did in the last hours, in Redis: laid over a cached feed while its pages are served.

One hash per person, `recent:u:{user}`: `w:{video}` was watched, `l:{video}` is liked (1) or not any more (0).
Every page that is served prolongs its life, as it does that of the feed's generation; a feed built later knows it all
from the engines.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from nova.clients import redis

LIFETIME = 3 * 3600  # longer than a feed generation and its last cursor live


@dataclass(frozen=True)
class Recent:
    """`liked` says what became of a like, for videos where that changed."""

    watched: frozenset[uuid.UUID] = frozenset()
    liked: dict[uuid.UUID, bool] = field(default_factory=dict)


def key(user_id: str) -> str:
    return f"recent:u:{user_id}"


def note_watched(user_id: str, video_ids: Iterable[uuid.UUID]) -> None:
    _note(user_id, {f"w:{video_id}": b"1" for video_id in video_ids})


def note_liked(user_id: str, video_id: uuid.UUID, *, liked: bool) -> None:
    _note(user_id, {f"l:{video_id}": b"1" if liked else b"0"})


def read(user_id: str) -> Recent:
    """Everything of the last hours; nothing without Redis."""
    with redis.fail_open("read_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        found, _ = pipeline.hgetall(key(user_id)).expire(key(user_id), LIFETIME).execute()
        return _parse(found)
    return Recent()


def _parse(found: dict[bytes, bytes]) -> Recent:
    by_kind: dict[bytes, dict[uuid.UUID, bytes]] = {b"w:": {}, b"l:": {}}
    for name, value in found.items():
        by_kind[name[:2]][uuid.UUID(name[2:].decode())] = value
    return Recent(frozenset(by_kind[b"w:"]), {video_id: value == b"1" for video_id, value in by_kind[b"l:"].items()})


def _note(user_id: str, values: dict[str, bytes]) -> None:
    if not values:
        return
    with redis.fail_open("write_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        pipeline.hset(key(user_id), mapping=values)
        pipeline.expire(key(user_id), LIFETIME)
        pipeline.execute()
