"""What a person did in the last hours, in Redis: laid over a cached feed while its pages are served.

One hash per person, `recent:u:{user}`: `w:{video}` was watched, `l:{video}` is liked (1) or not any more (0),
`n:{video}` is not wanted, `b:{creator}` is blocked, both also until they are taken back.
Every page that is served prolongs its life, as it does that of the feed's generation; a feed built later knows it all
from the engines.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nova.clients import redis

LIFETIME = 3 * 3600  # longer than a feed generation and its last cursor live


@dataclass(frozen=True)
class Recent:
    """`liked` says what became of a like, for videos where that changed."""

    watched: frozenset[uuid.UUID] = frozenset()
    liked: dict[uuid.UUID, bool] = field(default_factory=dict)
    hidden: frozenset[uuid.UUID] = frozenset()
    blocked: frozenset[str] = frozenset()


def key(user_id: str) -> str:
    return f"recent:u:{user_id}"


def read(user_id: str) -> Recent:
    """Everything of the last hours; nothing without Redis."""
    with redis.fail_open("read_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        found, _ = pipeline.hgetall(key(user_id)).expire(key(user_id), LIFETIME).execute()
        return _parse(found)
    return Recent()


def held(user_id: str) -> dict[str, str]:
    """As it stands in Redis. Raises RedisError."""
    found = redis.connection().hgetall(key(user_id))
    return {name.decode(): value.decode() for name, value in found.items()}


def forget(user_id: str) -> None:
    """Raises RedisError."""
    redis.connection().unlink(key(user_id))


def forget_creator(user_ids: Iterable[str], creator_id: str) -> None:
    """Drop what these people noted of a creator who is erased."""
    with redis.fail_open("forget_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.hdel(key(user_id), f"b:{creator_id}")
        pipeline.execute()


def _parse(found: dict[bytes, bytes]) -> Recent:
    noted: defaultdict[str, dict[str, bool]] = defaultdict(dict)
    for name, value in found.items():
        kind, _, target = name.decode().partition(":")
        noted[kind][target] = value == b"1"
    return Recent(
        watched=_videos(noted["w"]),
        liked={uuid.UUID(video_id): liked for video_id, liked in noted["l"].items()},
        hidden=_videos(noted["n"]),
        blocked=frozenset(creator_id for creator_id, blocked in noted["b"].items() if blocked),
    )


def _videos(noted: dict[str, bool]) -> frozenset[uuid.UUID]:
    return frozenset(uuid.UUID(video_id) for video_id, holds in noted.items() if holds)


def note(user_id: str, values: Mapping[str, str | bytes]) -> bool:
    """Whether Redis took it."""
    with redis.fail_open("write_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        pipeline.hset(key(user_id), mapping=values)
        pipeline.expire(key(user_id), LIFETIME)
        pipeline.execute()
        return True
    return False
