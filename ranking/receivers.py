"""What ranking does on the news of the apps below."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from engagement.signals import taste_changed
from nova.clients import redis
from ranking import generations
from reels.signals import erasure_swept, export_asked, person_erased


@receiver(taste_changed)
def build_anew(sender: Any, user_ids: Iterable[str], **kwargs: Any) -> bool:
    """People who have just said what they like get a feed that knows it. False when Redis did not take that."""
    return generations.drop_current(user_ids)


@receiver(person_erased)
def drop_feeds(sender: Any, user_id: str, **kwargs: Any) -> None:
    transaction.on_commit(lambda: _drop_feeds(user_id))


@receiver(erasure_swept)
def forget_feeds(sender: Any, user_id: str, **kwargs: Any) -> None:
    """Raises RedisError."""
    generations.forget(user_id)


@receiver(export_asked)
def show_feeds(sender: Any, user_id: str, held: dict[str, Any], **kwargs: Any) -> None:
    """Raises RedisError."""
    held["feeds"] = generations.held(user_id)


def _drop_feeds(user_id: str) -> None:
    with redis.fail_open("forget_feeds"):  # sweeps insist
        generations.forget(user_id)
    generations.drop_current([user_id], ahead=False)  # a build that began before knows too much to be kept
