"""What is known of a person, and a copy of it in Redis (`profile:u:{user}`) that stands in while an engine is away.

Every build of a feed writes the copy: to whoever was here in the last day, no video watched and no creator blocked
comes back because PostgreSQL or ClickHouse is away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from nova.clients import redis

LIFETIME = 24 * 3600
BYTES_PER_ID = 16
COMMENT_WEIGHT = 0.5


@dataclass
class History:
    """`liked` and `commented`: likes and comments of 90 days by creator. `seen`: videos watched in 30 days, and
    `not_interested`, by the 16 bytes of their ids. `disliked`: how many videos of a creator were not wanted in 90
    days. Without personalisation `blocked` is all there is. `is_complete` is false when an engine was away."""

    liked: dict[str, float] = field(default_factory=dict)
    commented: dict[str, float] = field(default_factory=dict)
    seen: set[bytes] = field(default_factory=set)
    not_interested: set[bytes] = field(default_factory=set)
    followed: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    disliked: dict[str, int] = field(default_factory=dict)
    personalized: bool = True
    is_complete: bool = True

    @property
    def interactions(self) -> dict[str, float]:
        """What affinity is a share of: likes + 0.5 × comments by creator."""
        weighted = {creator: COMMENT_WEIGHT * number for creator, number in self.commented.items()}
        return weighted | {creator: number + weighted.get(creator, 0.0) for creator, number in self.liked.items()}


def key(user_id: str) -> str:
    return f"profile:u:{user_id}"


def save(histories: Mapping[str, History]) -> None:
    """Remember those that are complete."""
    with redis.fail_open("write_profile"):
        pipeline = redis.connection().pipeline(transaction=False)
        for user_id, history in histories.items():
            if history.is_complete:
                pipeline.set(key(user_id), _to_bytes(history), ex=LIFETIME)
        pipeline.execute()


def remembered(user_id: str, watched: Iterable[bytes]) -> History:
    """A person while PostgreSQL is away. Of somebody who is not remembered nothing is used, as if they had asked so."""
    with redis.fail_open("read_profile"):
        raw = redis.connection().get(key(user_id))
        if raw:
            history = _from_bytes(raw)
            history.seen.update(watched if history.personalized else ())
            return history
    return History(personalized=False, is_complete=False)


def add_past(user_id: str, history: History) -> None:
    """Add what ClickHouse would have told."""
    history.is_complete = False
    history.seen |= remembered(user_id, ()).seen


def held(user_id: str) -> dict[str, Any] | None:
    """As it stands in Redis. Raises RedisError."""
    raw = redis.connection().get(key(user_id))
    if not raw:
        return None
    history = _from_bytes(raw)
    return _head(history) | {"seen": sorted(each.hex() for each in history.seen)}


def forget(user_ids: Iterable[str]) -> None:
    """Raises RedisError."""
    redis.connection().unlink(*map(key, user_ids))


def _head(history: History) -> dict[str, Any]:
    return {
        "liked": history.liked,
        "commented": history.commented,
        "disliked": history.disliked,
        "followed": sorted(history.followed),
        "blocked": sorted(history.blocked),
        "not_interested": sorted(each.hex() for each in history.not_interested),
        "personalized": history.personalized,
    }


def _to_bytes(history: History) -> bytes:
    """JSON, a NUL, and the ids of what was seen, which are most of it."""
    return orjson.dumps(_head(history)) + b"\0" + b"".join(history.seen)


def _from_bytes(raw: bytes) -> History:
    head, _, packed = raw.partition(b"\0")
    known = orjson.loads(head)
    return History(
        liked=known["liked"],
        commented=known["commented"],
        disliked=known["disliked"],
        followed=set(known["followed"]),
        blocked=set(known["blocked"]),
        not_interested={bytes.fromhex(each) for each in known["not_interested"]},
        seen={packed[at : at + BYTES_PER_ID] for at in range(0, len(packed), BYTES_PER_ID)},
        personalized=known["personalized"],
        is_complete=False,
    )
