"""Serving a feed: the page of a cached list, or of one that is built now."""

import operator
import struct
import time
from bisect import bisect_left
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple

import structlog
from django.db import DatabaseError

from engagement import ready
from engagement.recent import Recent
from nova.api import cursors
from nova.errors import InvalidCursorError
from ranking import generations, local_feeds, renewing, settings
from ranking.generations import GENERATION_BYTES
from ranking.reading import Reading
from ranking.stored_feed import Feed

log = structlog.get_logger(__name__)
PURPOSE = "feed"
POSITION = struct.Struct(f">{GENERATION_BYTES}sH")  # generation, index of the next entry
HIT, MISS, STALE = "HIT", "MISS", "STALE"
LONGEST_WAIT = 0.3  # seconds for what somebody else builds, before the last feed stands in for it
LOOK_EVERY = 0.01
NOTHING = frozenset[bytes]()
LIKED = b',"liked":false,"ranking_score":', b',"liked":true,"ranking_score":'
END, END_OF_LAST = b"},", b"}"  # of a video


class Place(NamedTuple):
    """Where a page begins: in which generation, the current one where that is None."""

    start: int = 0
    generation: bytes | None = None


class Page(NamedTuple):
    """`json` is the whole answer; `cache` says HIT, MISS or STALE."""

    json: bytes
    variant: str
    cache: str


def place(user_id: str, cursor: str | None) -> Place:
    """Raises InvalidCursorError and CursorExpiredError."""
    if cursor is None:
        return Place()
    payload = cursors.read(PURPOSE, user_id, cursor)
    if len(payload) != POSITION.size:
        raise InvalidCursorError
    generation, start = POSITION.unpack(payload)
    return Place(start, generation)


def page(*, user_id: str, limit: int, place: Place, reading: Reading) -> Page:
    """The page at `place`, of what was read for it."""
    feed, cache = _feed(user_id, place, reading)
    return _cut(user_id, feed, place.start, limit, cache, reading.recent)


def hit(*, user_id: str, limit: int, place: Place, reading: Reading) -> Page | None:
    """The same page if nothing but Redis and what this process holds is needed for it."""
    feed = _found(user_id, place, reading)
    return _cut(user_id, feed, place.start, limit, HIT, reading.recent) if feed is not None else None


def _found(user_id: str, place: Place, reading: Reading) -> Feed | None:
    """The list that was read, where it is the one to serve: not empty, nor of other settings."""
    feed = reading.feed
    if feed and (place.generation or (reading.is_current and feed.stamp == settings.stamp(user_id))):
        return feed
    return None


def _feed(user_id: str, place: Place, reading: Reading) -> tuple[Feed, str]:
    if reading.used is None:
        return _without_redis(user_id, place, reading)
    found = _found(user_id, place, reading)
    if found is not None:
        return found, HIT
    if place.generation:
        # Redis has lost the list. One built now from the same seed is as near to it as can be.
        return renewing.renew(user_id, reading, place.generation), MISS
    if reading.may_build:
        return _build(user_id, reading)
    if reading.is_current and generations.lock(user_id, reading.name):  # it is there, but settings have changed
        return _build(user_id, reading._replace(tastes=generations.tastes(user_id)))
    return _wait(user_id, reading)


def _build(user_id: str, reading: Reading) -> tuple[Feed, str]:
    """A new feed; the last one when none can be built."""
    try:
        return renewing.renew(user_id, reading, reading.name), MISS
    except DatabaseError as error:
        generations.unlock(user_id, reading.name)
        if reading.feed is None:
            raise
        log.warning("feed_stale", error=type(error).__name__)
        return reading.feed, STALE


def _wait(user_id: str, reading: Reading) -> tuple[Feed, str]:
    """Somebody else builds this person's feed: theirs if it is soon there, else the last one, else one's own."""
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        time.sleep(LOOK_EVERY)
        feed = generations.current(user_id)
        if feed and feed.stamp == settings.stamp(user_id):
            return feed, HIT
    return (reading.feed, STALE) if reading.feed else (renewing.renew(user_id, reading, reading.name), MISS)


def _without_redis(user_id: str, place: Place, reading: Reading) -> tuple[Feed, str]:
    """What this process built a moment ago itself, else a new one: nobody could be asked, and nothing is kept."""
    kept = local_feeds.get(user_id, place.generation)
    if kept:
        return kept, HIT
    feed = renewing.renew(user_id, reading, place.generation or reading.name)
    local_feeds.keep(user_id, feed)
    return feed, MISS


def _cut(user_id: str, feed: Feed, start: int, limit: int, cache: str, noted: Recent) -> Page:
    """The next `limit` videos that the person may still see and that are still there."""
    gone = noted.watched | noted.hidden if feed.personalized else NOTHING
    count = len(feed)
    left, total = _left(feed, start, gone) if gone else (range(start, count), count)
    pieces, used = _present(feed, left, limit, noted)
    cursor = _write_cursor(user_id, feed, left[used]) if used < len(left) else None
    return Page(_json(pieces, cursor, total), feed.variant, cache)


def _left(feed: Feed, start: int, gone: frozenset[bytes]) -> tuple[Sequence[int], int]:
    """The entries from `start` that are not gone, and how many there are in the whole feed."""
    ids = feed.ids(0, len(feed))
    left = [at for at, each in enumerate(ids) if each not in gone]
    return left[bisect_left(left, start) :], len(left)


def _present(feed: Feed, left: Sequence[int], limit: int, noted: Recent) -> tuple[list[bytes], int]:
    """Up to `limit` videos from the entries `left`, each in four pieces of JSON, and how many entries that took."""
    pieces = _ready(feed, left[:limit], noted)
    used = min(limit, len(left))
    while len(pieces) < 4 * limit and used < len(left):
        some = left[used : used + limit - len(pieces) // 4]
        used += len(some)
        pieces += _ready(feed, some, noted)
    return pieces, used


def _ready(feed: Feed, some: Sequence[int], noted: Recent) -> list[bytes]:
    """The JSON of some entries in pieces, but for what is not there any more and what is of somebody blocked."""
    if not some:
        return []
    first, end = some[0], some[-1] + 1
    ids: Sequence[bytes] = feed.ids(first, end)
    scores: Sequence[bytes] = feed.score_texts(first, end)
    liked: Sequence[int] = feed.liked[first:end]
    if len(some) < end - first:
        wanted = operator.itemgetter(*(at - first for at in some))
        ids, scores, liked = wanted(ids), wanted(scores), wanted(liked)
    if noted.liked:
        liked = [noted.liked.get(each, was) for each, was in zip(ids, liked, strict=True)]
    videos = ready.videos(ids)
    texts = list(map(ready.JSON, videos))
    if noted.blocked or not all(texts):
        is_shown = [each.json and each.creator_id not in noted.blocked for each in videos]
        texts, liked, scores = (list(compress(each, is_shown)) for each in (texts, liked, scores))
    return _woven(texts, liked, scores)


def _woven(texts: Sequence[bytes], liked: Sequence[int], scores: Sequence[bytes]) -> list[bytes]:
    """By slices: 160 pieces one by one would take as long as all the rest of a page."""
    pieces = [END] * (4 * len(texts))
    pieces[0::4], pieces[1::4], pieces[2::4] = texts, map(LIKED.__getitem__, liked), scores
    return pieces


def _json(pieces: list[bytes], cursor: str | None, total: int) -> bytes:
    if pieces:
        pieces[-1] = END_OF_LAST
    more = b'true,"next_cursor":"%s"' % cursor.encode() if cursor else b'false,"next_cursor":null'
    tail = b'],"has_more":%s,"total_count":%d}' % (more, total)
    return b"".join([b'{"data":[', *pieces, tail])  # copied once: 16 kB


def _write_cursor(user_id: str, feed: Feed, start: int) -> str:
    return cursors.sign(PURPOSE, user_id, POSITION.pack(feed.generation, start))
