"""An event from the card of the video it is done to."""

import datetime as dt
import uuid

from engagement.events import Event
from nova.errors import VideoNotFoundError
from reels import cards


def card_of(video_id: uuid.UUID) -> cards.Card:
    """Raises VideoNotFoundError."""
    card = cards.load([video_id]).get(video_id)
    if card is None:
        raise VideoNotFoundError
    return card


def event_of(
    card: cards.Card, kind: str, user_id: str, occurred_at: dt.datetime, event_id: uuid.UUID, **more: object
) -> Event:
    """The event, with the video's creator, sound, hashtags and category as they are now."""
    return Event(
        event_id=event_id,
        kind=kind,
        user_id=user_id,
        occurred_at=occurred_at,
        video_id=uuid.UUID(card["id"]),
        creator_id=card["creator_id"],
        sound_id=card["sound"]["id"] if card["sound"] else "",
        hashtags=tuple(card["hashtags"]),
        category=card["category"] or "",
        **more,  # type: ignore[arg-type]
    )
