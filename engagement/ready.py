"""Videos as ready JSON, counters and all, kept in the process: what pages of feeds are made of.

Forty cards with four counters each are most of what a page needs from Redis, and counters must be true within a second.
So the web keeps what it read and hears of changes (`engagement.following`); who hears nothing believes it for half a
second.
"""

import operator
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import orjson
import structlog
from django.db import DatabaseError

from engagement import counters
from engagement.counters import TYPES, Counts
from engagement.following import Follower
from nova import remembered
from nova.clients import redis, redis_script
from reels import cards

log = structlog.get_logger(__name__)
FRESH_FOR = 0.5  # seconds
FRESH_WHILE_HEARD = 10.0  # seconds: in case a change was not told of
STANDS_IN_FOR = 10.0  # seconds, while Redis is away
LARGEST = 5_000  # videos, of about 1 kB each
KEYS_PER_VIDEO = 1 + len(TYPES)


class Ready(NamedTuple):
    """`json` lacks its closing brace, so that what depends on the viewer can follow; empty where there is nothing to
    show."""

    json: bytes
    read_at: float

    @property
    def card(self) -> dict[str, Any]:
        return orjson.loads(self.json + b"}")

    @property
    def creator_id(self) -> str:
        return self.card["creator_id"]


NOTHING = Ready(b"", 0.0)
JSON, READ_AT = operator.itemgetter(0), operator.itemgetter(1)
_known: dict[bytes, Ready] = {}
_making_room = threading.Lock()


def videos(ids: Sequence[bytes]) -> list[Ready]:
    """A `Ready` for each of the ids (16 bytes each), in their order."""
    is_heard = remembered.in_background and follower.is_heard()
    oldest = time.monotonic() - (FRESH_WHILE_HEARD if is_heard else FRESH_FOR)
    found = list(map(_known.get, ids, repeat(NOTHING)))
    if min(map(READ_AT, found), default=oldest) >= oldest:  # the way of every page, so without a loop in Python
        return found
    read = _read([each for each, ready in zip(ids, found, strict=True) if ready.read_at < oldest])
    return [read.get(each) or ready for each, ready in zip(ids, found, strict=True)]


def forget(video_ids: Iterable[uuid.UUID]) -> None:
    """What this process has just changed itself it shows at once."""
    _drop(video_id.bytes for video_id in video_ids)


def _drop(ids: Iterable[bytes]) -> None:
    for each in ids:
        _known.pop(each, None)


follower = Follower(_drop)


def forget_all() -> None:
    _known.clear()


def _read(due: Sequence[bytes]) -> dict[bytes, Ready]:
    """From Redis, and what is not there from PostgreSQL."""
    now = time.monotonic()
    read = _from_redis(due, now)
    if read is None:
        read = _kept(due, now - STANDS_IN_FOR) or _from_postgres_or_kept(due, now)
    elif missing := [each for each in due if each not in read]:
        read |= _from_postgres_or_kept(missing, now)
    _make_room(len(read))
    _known.update(read)
    return read


def _from_redis(due: Sequence[bytes], now: float) -> dict[bytes, Ready] | None:
    """Those of which Redis has everything; None while it is away."""
    keys = [key for each in due for key in _keys(uuid.UUID(bytes=each))]
    with redis.fail_open("read_ready"):
        values = iter(redis_script.command("MGET", *keys))
        rows = zip(due, zip(*[values] * KEYS_PER_VIDEO, strict=True), strict=True)
        return {each: _ready(row[0], row[1:], now) for each, row in rows if row[0] and None not in row}
    return None


def _from_postgres_or_kept(missing: Sequence[bytes], now: float) -> dict[bytes, Ready]:
    """While PostgreSQL is away, as they were when this process saw them last; one that it never saw is left out."""
    try:
        return _from_postgres(missing, now)
    except DatabaseError:
        log.warning("cards_incomplete")
        return {each: _known.get(each, NOTHING) for each in missing}


def _kept(wanted: Sequence[bytes], since: float) -> dict[bytes, Ready] | None:
    """All of them as this process read them last, if that was after `since`."""
    found = {each: _known.get(each, NOTHING) for each in wanted}
    return found if all(ready.read_at > since for ready in found.values()) else None


def _from_postgres(missing: Sequence[bytes], now: float) -> dict[bytes, Ready]:
    """Cards and counters, which are put back into Redis on the way."""
    video_ids = [uuid.UUID(bytes=each) for each in missing]
    known = cards.load(video_ids)
    counts = counters.read(list(known))
    shown = {each.bytes: _ready(orjson.dumps(known[each]), _columns(counts[each]), now) for each in known}
    return {each: shown.get(each, Ready(b"", now)) for each in missing}


def _columns(counts: Counts) -> Sequence[bytes]:
    return [b"%d" % getattr(counts, kind) for kind in TYPES]


def _ready(card: bytes, counts: Sequence[bytes], now: float) -> Ready:
    fields = b"".join(b',"%s_count":%s' % pair for pair in zip(_KINDS, counts, strict=True))
    return Ready(card[:-1] + fields, now)


_KINDS = [kind.encode() for kind in TYPES]


def _keys(video_id: uuid.UUID) -> list[str]:
    return [cards.key(video_id), *(counters.key(video_id, kind) for kind in TYPES)]


def _make_room(wanted: int) -> None:
    """Full, it forgets the half that it has held longest."""
    if len(_known) + wanted > LARGEST:
        with _making_room:
            for each in list(_known)[: LARGEST // 2]:
                _known.pop(each, None)
