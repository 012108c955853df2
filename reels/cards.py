"""Video cards: what a client shows of a video, as ready JSON bytes in Redis under `video:{id}:card`.

A card holds what does not change with engagement; counters and the viewer's own state are joined when it is served.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from nova.clients import redis
from reels import changes
from reels.models import Video
from reels.signals import cards_dropped

LIFETIME = 24 * 3600
EMPTY_FOR = 30  # seconds; no request lives that long
Card = dict[str, Any]


def key(video_id: uuid.UUID) -> str:
    return f"video:{video_id}:card"


def cached(video_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Card]:
    """Those cards that Redis holds."""
    return _from_redis(video_ids)


def load(video_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Card]:
    """The cards of those that exist and are published, from Redis and, where they are missing there, PostgreSQL."""
    found = _from_redis(video_ids)
    missing = [video_id for video_id in video_ids if video_id not in found]
    if missing:
        made = {video.id: make(video) for video in _published(missing)}
        _to_redis(made)
        found |= made
    return found


def make(video: Video) -> Card:
    return {
        "id": str(video.id),
        "title": video.title,
        "creator_id": video.creator_id,
        "duration_seconds": video.duration_seconds,
        "hashtags": video.hashtags,
        "sound": {"id": video.sound.id, "name": video.sound.name} if video.sound else None,
        "category": video.category or None,
        "created_at": video.created_at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "stream_url": None,
        "thumbnail_url": None,
    }


def forget(video_ids: Sequence[uuid.UUID]) -> None:
    """Drop cards that are no longer true.

    Their place is kept empty for a moment: whoever read the old row just before cannot put its card back.
    """
    cards_dropped.send(sender=None, video_ids=video_ids)
    with redis.fail_open("forget_cards"):
        pipeline = redis.connection().pipeline(transaction=False)
        for video_id in video_ids:
            pipeline.set(key(video_id), b"", ex=EMPTY_FOR)
        changes.note(pipeline, video_ids)
        pipeline.execute()


def _published(video_ids: Sequence[uuid.UUID]) -> Iterable[Video]:
    return Video.objects.select_related("sound").filter(id__in=video_ids, is_published=True)


def _from_redis(video_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Card]:
    if not video_ids:
        return {}
    with redis.fail_open("read_cards"):
        raw = redis.connection().mget(map(key, video_ids))
        return {video_id: orjson.loads(each) for video_id, each in zip(video_ids, raw, strict=True) if each}
    return {}


def _to_redis(cards: dict[uuid.UUID, Card]) -> None:
    with redis.fail_open("write_cards"):
        pipeline = redis.connection().pipeline(transaction=False)
        for video_id, card in cards.items():
            pipeline.set(key(video_id), orjson.dumps(card), ex=LIFETIME, nx=True)
        pipeline.execute()
