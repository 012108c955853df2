"""What a person did in the last hours, in Redis: laid over a cached feed while its pages are served.

One hash per person, `recent:u:{user}`: `w:{video}` was watched, `l:{video}` is liked (1) or not any more (0),
`n:{video}` is not wanted, `b:{creator}` is blocked, both also until they are taken back.
Every page that is served prolongs its life, as it does that of the feed's generation; a feed built later knows it all
from the engines.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from nova.clients import redis

LIFETIME = 3 * 3600  # longer than a feed generation and its last cursor live


@dataclass(frozen=True)
class Recent:
    """`liked` says what became of a like, for videos where that changed. Videos by the 16 bytes of their ids, as in
    stored feeds: pages are cut without making a UUID of anything."""

    watched: frozenset[bytes] = frozenset()
    liked: dict[bytes, bool] = field(default_factory=dict)
    hidden: frozenset[bytes] = frozenset()
    blocked: frozenset[str] = frozenset()


def key(user_id: str) -> str:
    return f"recent:u:{user_id}"


def read(user_id: str) -> Recent:
    """Everything of the last hours; nothing without Redis."""
    with redis.fail_open("read_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        found, _ = pipeline.hgetall(key(user_id)).expire(key(user_id), LIFETIME).execute()
        return parse(found.items())
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


def parse(found: Iterable[tuple[bytes, bytes]]) -> Recent:
    """From the fields and values of the hash."""
    noted: dict[bytes, list[tuple[bytes, bytes]]] = {b"w": [], b"l": [], b"n": [], b"b": []}
    for name, value in found:
        noted.setdefault(name[:1], []).append((name[2:], value))
    return Recent(
        watched=frozenset(_held(noted[b"w"])),
        liked={_packed(video_id): value == b"1" for video_id, value in noted[b"l"]},
        hidden=frozenset(_held(noted[b"n"])),
        blocked=frozenset(creator_id.decode() for creator_id, value in noted[b"b"] if value == b"1"),
    )


def _held(noted: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    return (_packed(video_id) for video_id, value in noted if value == b"1")


def _packed(video_id: bytes) -> bytes:
    return bytes.fromhex(video_id.replace(b"-", b"").decode())


def note(user_id: str, values: Mapping[str, str | bytes]) -> bool:
    """Whether Redis took it."""
    with redis.fail_open("write_recent"):
        pipeline = redis.connection().pipeline(transaction=False)
        pipeline.hset(key(user_id), mapping=values)
        pipeline.expire(key(user_id), LIFETIME)
        pipeline.execute()
        return True
    return False
