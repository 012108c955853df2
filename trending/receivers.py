"""What trending does on the news of the app below."""

from typing import Any

from django.dispatch import receiver

from reels.signals import erasure_swept
from trending import refreshing


@receiver(erasure_swept)
def forget_creator(sender: Any, user_id: str, **kwargs: Any) -> None:
    """Until then nobody sees them: their videos are gone, and who has none is not shown. Raises RedisError."""
    refreshing.forget_creator(user_id)
