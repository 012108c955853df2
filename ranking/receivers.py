"""What ranking does on the news of the apps below."""

from collections.abc import Iterable
from typing import Any

from django.dispatch import receiver

from engagement.signals import taste_changed
from ranking import generations


@receiver(taste_changed)
def build_anew(sender: Any, user_ids: Iterable[str], **kwargs: Any) -> None:
    """People who have just said what they like get a feed that knows it."""
    generations.drop_current(user_ids)
