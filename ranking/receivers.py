"""What ranking does on the news of the apps below."""

from typing import Any

from django.dispatch import receiver

from engagement.signals import taste_changed
from ranking import generations


@receiver(taste_changed)
def build_anew(sender: Any, user_id: str, **kwargs: Any) -> None:
    """A person who has just said what they like gets a feed that knows it."""
    generations.drop_current(user_id)
