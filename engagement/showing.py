"""What Redis shows at once of something that was just committed."""

from collections.abc import Mapping, Sequence

import structlog
from django.db import DatabaseError

from engagement import counters, ready, recent, repairs
from engagement.events import Event
from engagement.signals import taste_changed

log = structlog.get_logger(__name__)


def show(user_id: str, events: Sequence[Event], *, notes: Mapping[str, str], taste: bool = False) -> None:
    """Move counters, note for pages of older cursors what the person did, and drop their feed when tastes changed.

    What Redis does not take is written down for the relay, which makes it good when Redis is back.
    """
    ready.forget(event.video_id for event in events if event.video_id)
    if not _show(user_id, events, notes, taste):
        try:
            repairs.owe(user_id, {event.video_id for event in events if event.video_id}, notes)
        except DatabaseError as error:  # both engines at once: the next event of the video sets its counters right
            log.error("repair_not_written", error=type(error).__name__)


def _show(user_id: str, events: Sequence[Event], notes: Mapping[str, str], taste: bool) -> bool:
    """Whether Redis took everything; after the first failure nothing more is tried."""
    if not counters.move(events) or (notes and not recent.note(user_id, notes)):
        return False
    return not taste or all(answer for _, answer in taste_changed.send(sender=None, user_ids=[user_id]))
