"""A ranked list in Redis while somebody pages through it, under `search:l:{user}:{name}`."""

import secrets
import struct

import orjson

from nova.clients import redis
from ranking.search.engine.merging import Result
from ranking.search.finding import Answer

LIFETIME = 3_900  # seconds: an hour for a cursor, and five minutes
NAME_BYTES = 8
ENTRY = struct.Struct(">f16s")


def key(user_id: str, name: bytes) -> str:
    return f"search:l:{user_id}:{name.hex()}"


def new_name() -> bytes:
    return secrets.token_bytes(NAME_BYTES)


def save(user_id: str, name: bytes, answer: Answer) -> None:
    with redis.fail_open("write_search"):
        redis.connection().set(key(user_id, name), _to_bytes(answer), ex=LIFETIME)


def load(user_id: str, name: bytes) -> Answer | None:
    """It lives on from now; None when Redis does not have it."""
    with redis.fail_open("read_search"):
        raw = redis.connection().getex(key(user_id, name), ex=LIFETIME)
        return _from_bytes(raw) if raw else None
    return None


def _to_bytes(answer: Answer) -> bytes:
    """JSON of the suggestion, a line feed, and the entries."""
    head = orjson.dumps(answer.did_you_mean) + b"\n"
    return head + b"".join(ENTRY.pack(*each) for each in answer.results)


def _from_bytes(raw: bytes) -> Answer:
    head, _, packed = raw.partition(b"\n")
    return Answer([Result(*each) for each in ENTRY.iter_unpack(packed)], orjson.loads(head))
