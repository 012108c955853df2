"""Serving a feed: the page of a cached list, or of one that is built now."""

import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from engagement import presenting, recent
from engagement.recent import Recent
from nova.api import cursors
from nova.errors import InvalidCursorError
from ranking import building, generations, settings
from ranking.generations import GENERATION_BYTES, Feed

PURPOSE = "feed"
POSITION = struct.Struct(f">{GENERATION_BYTES}sH")  # generation, index of the next entry
HIT, MISS = "HIT", "MISS"


@dataclass(frozen=True)
class Page:
    videos: list[dict[str, Any]]
    has_more: bool
    next_cursor: str | None
    total_count: int
    variant: str
    cache: str

    def as_json(self) -> dict[str, Any]:
        return {
            "data": self.videos,
            "has_more": self.has_more,
            "next_cursor": self.next_cursor,
            "total_count": self.total_count,
        }


def page(*, user_id: str, limit: int, cursor: str | None) -> Page:
    """A page of a person's feed. Raises InvalidCursorError and CursorExpiredError."""
    start, wanted = _read_cursor(user_id, cursor)
    feed = generations.load(user_id, wanted) if wanted else _current(user_id)
    cache = HIT
    if feed is None:
        # After a cursor: Redis lost the list. One built now from the same seed is as near to it as can be.
        feed, cache = build(user_id, wanted or generations.new_name()), MISS
    return _cut(user_id, feed, start, limit, cache)


def _current(user_id: str) -> Feed | None:
    """The current feed, unless staff have changed since what it was built with."""
    feed = generations.current(user_id)
    return feed if feed and feed.stamp == settings.stamp(user_id) else None


def build(user_id: str, generation: bytes) -> Feed:
    """Build a feed and make it the current one."""
    tastes, stamp = generations.tastes(user_id), settings.stamp(user_id)  # as they are before anything else is read
    feed = replace(building.build(user_id, generation), stamp=stamp)
    generations.save(user_id, feed, tastes)
    return feed


def _cut(user_id: str, feed: Feed, start: int, limit: int, cache: str) -> Page:
    """The next `limit` entries that the person may still see, and whose videos are still there."""
    overlay = recent.read(user_id)
    gone = overlay.watched | overlay.hidden if feed.personalized else frozenset()
    video_ids = feed.entries.video_ids
    left = [at for at in range(start, len(video_ids)) if video_ids[at] not in gone]
    videos, used = _present(feed, video_ids, left, limit, overlay)
    has_more = used < len(left)
    return Page(
        videos=videos,
        has_more=has_more,
        next_cursor=_write_cursor(user_id, feed, left[used]) if has_more else None,
        total_count=sum(video_id not in gone for video_id in video_ids),
        variant=feed.variant,
        cache=cache,
    )


def _present(
    feed: Feed, video_ids: Sequence[uuid.UUID], left: Sequence[int], limit: int, overlay: Recent
) -> tuple[list[dict[str, Any]], int]:
    """Up to `limit` videos from the entries `left`, and how many entries that took."""
    videos: list[dict[str, Any]] = []
    used = 0
    while len(videos) < limit and used < len(left):
        some = left[used : used + limit - len(videos)]
        used += len(some)
        score_of = {str(video_ids[at]): round(float(feed.entries.rows["score"][at]), 6) for at in some}
        liked = {video_ids[at] for at in some if overlay.liked.get(video_ids[at], bool(feed.entries.rows["liked"][at]))}
        found = presenting.videos([video_ids[at] for at in some], liked=liked)
        allowed = (video for video in found if video["creator_id"] not in overlay.blocked)
        videos += [video | {"ranking_score": score_of[video["id"]]} for video in allowed]
    return videos, used


def _read_cursor(user_id: str, cursor: str | None) -> tuple[int, bytes | None]:
    """Where to go on, and in which generation; from the start of the current one without a cursor."""
    if cursor is None:
        return 0, None
    payload = cursors.read(PURPOSE, user_id, cursor)
    if len(payload) != POSITION.size:
        raise InvalidCursorError
    generation, start = POSITION.unpack(payload)
    return start, generation


def _write_cursor(user_id: str, feed: Feed, start: int) -> str:
    return cursors.sign(PURPOSE, user_id, POSITION.pack(feed.generation, start))
