"""What people decide about creators, about videos they do not want, and about their feed."""

import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from engagement import outbox, relations
from engagement.describing import card_of, event_of
from engagement.events import Event
from engagement.models import Block, CreatorRelation, Follow, NotInterested, Preferences
from engagement.showing import show
from nova.errors import CreatorNotFoundError, InvalidInputError
from reels import erasures


def set_followed(*, user_id: str, creator_id: str, followed: bool) -> None:
    """Follow a creator, who need not have published here, or stop to. Doing so twice is doing so once.

    Raises InvalidInputError for oneself, and CreatorNotFoundError for somebody who was erased.
    """
    kind = "follow" if followed else "unfollow"
    _set_creator(Follow, user_id, creator_id, is_active=followed, kind=kind, notes={})


def set_blocked(*, user_id: str, creator_id: str, blocked: bool) -> None:
    """Block a creator, or take that back. Their videos are out of pages of older cursors as well.

    Raises InvalidInputError for oneself, and CreatorNotFoundError for somebody who was erased.
    """
    kind = "block" if blocked else "unblock"
    _set_creator(Block, user_id, creator_id, is_active=blocked, kind=kind, notes={f"b:{creator_id}": _flag(blocked)})


def set_not_interested(*, user_id: str, video_id: uuid.UUID, not_interested: bool) -> None:
    """Have a video out of one's feed and less of its creator in it, or take that back.

    Raises VideoNotFoundError.
    """
    card, now = card_of(video_id), timezone.now()
    with transaction.atomic():
        erasures.welcome_back(user_id, now)
        if not relations.set_one(NotInterested, user_id, video_id, is_active=not_interested):
            return
        if not_interested:  # nothing counts these, so taking one back changes the state alone: it has no event
            outbox.write([event_of(card, "not_interested", user_id, now, uuid.uuid4())])
        notes = {f"n:{video_id}": _flag(not_interested)}
        transaction.on_commit(lambda: show(user_id, [], notes=notes, taste=True))


def is_personalized(user_id: str) -> bool:
    """Whether a person's feed may use what is known of them; it may until they say otherwise."""
    return Preferences.objects.filter(user_id=user_id).values_list("personalized", flat=True).first() is not False


def set_personalized(*, user_id: str, personalized: bool) -> None:
    """Allow a feed that uses what is known of the person, or have one that does not."""
    with transaction.atomic():
        erasures.welcome_back(user_id, timezone.now())
        if is_personalized(user_id) != personalized:
            Preferences.objects.update_or_create(user_id=user_id, defaults={"personalized": personalized})
            transaction.on_commit(lambda: show(user_id, [], notes={}, taste=True))


def _set_creator(
    model: type[CreatorRelation], user_id: str, creator_id: str, *, is_active: bool, kind: str, notes: Mapping[str, str]
) -> None:
    if creator_id == user_id:
        raise InvalidInputError(f"One cannot {kind} oneself.", field="id")
    now = timezone.now()
    with transaction.atomic():
        erasures.welcome_back(user_id, now)
        if is_active and erasures.among([creator_id]).keeps_out(creator_id, now):
            raise CreatorNotFoundError
        if relations.set_one(model, user_id, creator_id, is_active=is_active):
            event = Event(uuid.uuid4(), kind, user_id, now, creator_id=creator_id)
            outbox.write([event])
            transaction.on_commit(lambda: show(user_id, [event], notes=notes, taste=True))


def _flag(holds: bool) -> str:
    return "1" if holds else "0"
