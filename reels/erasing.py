"""Erasing a person: out of sight with the request, and out of every engine by sweeps that follow it.

Writes that were under way may land after a deletion. So sweeps repeat it, and only one that began a while after the
request ends an erasure; then the person's id is forgotten and the keyed hash alone stays.
"""

import datetime as dt
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from reels import index_queue
from reels.erasures import FOREVER, person
from reels.models import Creator, Erasure, Video
from reels.signals import erasure_swept, person_erased

log = structlog.get_logger(__name__)
SETTLED_AFTER = dt.timedelta(minutes=3)  # longer than any request, relay or insert may take
VIDEOS_AT_ONCE = 200
# Asking again while an erasure goes on does not put its end off.
REQUEST = """
INSERT INTO reels_erasure AS known (person, user_id, requested_at) VALUES (%(person)s, %(user)s, %(now)s)
ON CONFLICT (person) DO UPDATE SET
    user_id = EXCLUDED.user_id,
    requested_at = CASE WHEN known.finished_at IS NULL AND known.returned_at IS NULL
                        THEN known.requested_at ELSE EXCLUDED.requested_at END,
    finished_at = NULL,
    returned_at = NULL
"""


def status(user_id: str) -> dict[str, Any]:
    """What became of a person's wish to be erased; who never had it, or came back, is active."""
    erasure = Erasure.objects.filter(person=person(user_id)).first()
    if erasure is None:
        return {"status": "active", "requested_at": None, "finished_at": None}
    done = "active" if erasure.returned_at else "erased"
    return {
        "status": done if erasure.finished_at else "erasing",
        "requested_at": erasure.requested_at,
        "finished_at": erasure.finished_at,
    }


@transaction.atomic
def request(*, user_id: str) -> None:
    """Erase a person. They are out of sight when this returns, and nothing older of theirs is taken from then on.

    What nobody else holds at that moment is deleted, the rest goes with the sweeps.
    """
    if _being_swept(user_id):
        return
    with connection.cursor() as cursor:
        cursor.execute(REQUEST, {"person": person(user_id), "user": user_id, "now": timezone.now()})
    person_erased.send(sender=None, user_id=user_id, until=FOREVER, thorough=False)
    videos = Video.objects.filter(creator_id=user_id)
    video_ids = list(videos.values_list("id", flat=True))
    videos.update(is_published=False)
    index_queue.changed(video_ids)


def _being_swept(user_id: str) -> bool:
    """Whether a sweep is at it at this very moment: it deletes all there is, and may hold the erasure for long."""
    ongoing = Erasure.objects.filter(person=person(user_id), finished_at=None, returned_at=None)
    return ongoing.exists() and ongoing.select_for_update(skip_locked=True).first() is None


def sweep() -> int:
    """Delete what is left of everybody whose erasure goes on; returns how many it ended.

    An engine that is away leaves an erasure to the next sweep.
    """
    started = timezone.now()
    return sum(_swept(each, started) for each in Erasure.objects.filter(finished_at=None).order_by("requested_at"))


def _swept(erasure: Erasure, started: dt.datetime) -> bool:
    try:
        if not _sweep_postgres(erasure.person):
            return False
        while _deleted_videos(erasure.person):
            pass
        return _sweep_engines(erasure.person, started)
    except (ClickHouseError, RedisError, DatabaseError) as error:
        log.warning("erasure_not_finished", person=erasure.person, error=type(error).__name__)
        return False


@transaction.atomic
def _sweep_postgres(key: str) -> bool:
    """First, so that nothing is left that a relay could deliver behind the back of the engines' deletion."""
    erasure = _locked(key)
    if erasure:
        person_erased.send(sender=None, user_id=erasure.user_id, until=_until(erasure), thorough=True)
    return erasure is not None


@transaction.atomic
def _deleted_videos(key: str) -> int:
    """Delete some of the person's videos; without any left, what is known of them as a creator."""
    erasure = _locked(key)
    if erasure is None:
        return 0
    theirs = Video.objects.filter(creator_id=erasure.user_id, created_at__lt=_until(erasure))
    video_ids = list(theirs.values_list("id", flat=True)[:VIDEOS_AT_ONCE])
    Video.objects.filter(id__in=video_ids).delete()
    Creator.objects.filter(id=erasure.user_id, videos=None).delete()
    index_queue.changed(video_ids)
    return len(video_ids)


@transaction.atomic
def _sweep_engines(key: str, started: dt.datetime) -> bool:
    """Raises ClickHouseError and RedisError."""
    erasure = _locked(key)
    if erasure is None:
        return False
    erasure_swept.send(sender=None, user_id=erasure.user_id, until=_until(erasure))
    if started < erasure.requested_at + SETTLED_AFTER:
        return False
    erasure.user_id, erasure.finished_at = "", timezone.now()
    erasure.save(update_fields=["user_id", "finished_at"])
    log.info("person_erased", person=key)
    return True


def _locked(key: str) -> Erasure | None:
    """The erasure, if it still goes on and no other sweep is at it. Until this transaction ends nobody comes back, so
    that nothing they would do then is deleted."""
    return Erasure.objects.select_for_update(skip_locked=True).filter(person=key, finished_at=None).first()


def _until(erasure: Erasure) -> dt.datetime:
    return erasure.returned_at or FOREVER
