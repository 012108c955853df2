"""Liking and sharing a video. Each write is one transaction: the fact and its event, or neither."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from engagement import counters, outbox, relations
from engagement.describing import card_of, event_of
from engagement.events import Event, given_id
from engagement.models import Like
from engagement.showing import show
from reels import erasures


@dataclass(frozen=True)
class LikeState:
    liked: bool
    like_count: int


def set_liked(*, user_id: str, video_id: uuid.UUID, liked: bool) -> LikeState:
    """Like a video, or take the like back. Doing so twice is doing so once.

    Raises VideoNotFoundError.
    """
    card = card_of(video_id)
    with transaction.atomic():
        erasures.welcome_back(user_id, timezone.now())
        if relations.set_one(Like, user_id, video_id, is_active=liked):
            event = event_of(card, "like" if liked else "unlike", user_id, timezone.now(), uuid.uuid4())
            outbox.write([event])
            notes = {f"l:{video_id}": "1" if liked else "0"}
            transaction.on_commit(lambda: show(user_id, [event], notes=notes, taste=True))
    return LikeState(liked, counters.read([video_id])[video_id].like)


def share(*, user_id: str, video_id: uuid.UUID, destination: str = "", event_id: str = "") -> int:
    """Count a share; returns the video's shares. With an `event_id` a retry counts once.

    Raises VideoNotFoundError.
    """
    card = card_of(video_id)
    identity = given_id(event_id) if event_id else uuid.uuid4()
    event = event_of(card, "share", user_id, timezone.now(), identity, destination=destination)
    with transaction.atomic():
        erasures.welcome_back(user_id, event.occurred_at)
        new: list[Event] = outbox.first_time([event]) if event_id else [event]
        outbox.write(new)
        if new:
            transaction.on_commit(lambda: show(user_id, new, notes={}, taste=True))
    return counters.read([video_id])[video_id].share
