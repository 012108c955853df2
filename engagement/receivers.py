"""What engagement does on the news of the app below."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from engagement import erasing, ready
from reels.signals import cards_dropped, erasure_swept, person_erased


@receiver(cards_dropped)
def forget_ready(sender: Any, video_ids: Iterable[uuid.UUID], **kwargs: Any) -> None:
    ready.forget(video_ids)


@receiver(person_erased)
def delete_rows(sender: Any, user_id: str, until: dt.datetime, thorough: bool, **kwargs: Any) -> None:
    transaction.on_commit(lambda: erasing.forget_overlay(user_id))
    if thorough:
        erasing.delete_rows(user_id, until, thorough=True)
    else:
        erasing.delete_unless_held(user_id, until)


@receiver(erasure_swept)
def delete_elsewhere(sender: Any, user_id: str, until: dt.datetime, **kwargs: Any) -> None:
    """Raises ClickHouseError and RedisError."""
    erasing.delete_from_engines(user_id, until)
