"""Loading the catalogue: `import_catalogue`, and the generated one of `load_demo`."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from nova import fields
from nova.bulk import BadLineError, Records
from reels import index_queue
from reels.erasures import Doorkeeper
from reels.ids import parse, video_id
from reels.models import Creator, Sound, Video

BATCH = 2_000
CLOCK_SKEW = dt.timedelta(minutes=5)
MOST_HASHTAGS = 100
LONGEST_HASHTAG = 100
LONGEST_ID = 200
UPDATED = [
    "creator", "title", "description", "hashtags", "category", "sound", "duration_seconds", "created_at"
]  # fmt: skip
Line = tuple[int, dict[str, Any], Video]


def import_catalogue(file: Records) -> int:
    """Load a file of videos; returns how many lines were good. The same line twice changes nothing."""
    loaded, doorkeeper = 0, Doorkeeper()
    batch: list[Line] = []
    for number, record in file:
        try:
            batch.append((number, record, read_video(record)))
        except BadLineError as error:
            file.reject(number, str(error), record)
            continue
        if len(batch) >= BATCH:
            loaded += save(_allowed(file, batch, doorkeeper))
            batch = []
    return loaded + save(_allowed(file, batch, doorkeeper))


def read_video(record: dict[str, Any]) -> Video:
    """An unsaved Video with its creator and sound. Raises BadLineError."""
    given = fields.text(record, "id", longest=LONGEST_ID)
    return Video(
        id=video_id(given),
        external_id=None if parse(given) else given,
        creator=Creator(id=fields.text(record, "creator_id", longest=64)),
        title=fields.text(record, "title", longest=500),
        description=fields.optional_text(record, "description", longest=5000),
        hashtags=_hashtags(record),
        category=fields.optional_text(record, "category", longest=64),
        sound=_sound(record),
        duration_seconds=fields.optional_number(record, "duration_seconds", largest=86_400),
        created_at=fields.time(record, "created_at", latest=timezone.now() + CLOCK_SKEW),
    )


@transaction.atomic
def save(videos: Sequence[Video]) -> int:
    """Insert or update videos with their creators and sounds; of two with one id the later counts."""
    latest = list({video.id: video for video in videos}.values())
    Creator.objects.bulk_create(_distinct(video.creator for video in latest), ignore_conflicts=True)
    _save_sounds(_distinct(video.sound for video in latest if video.sound))
    _save_videos(latest)
    changed([video.id for video in latest])
    return len(videos)


def set_published(videos: QuerySet[Video], *, is_published: bool) -> None:
    """Show videos, or take them out of every feed."""
    with transaction.atomic():
        video_ids = list(videos.values_list("id", flat=True))
        Video.objects.filter(id__in=video_ids).update(is_published=is_published)
        changed(video_ids)


def changed(video_ids: Sequence[uuid.UUID]) -> None:
    """Call it in the transaction that changes videos: what is cached of them is no longer true."""
    index_queue.changed(video_ids)


def _allowed(file: Records, batch: Sequence[Line], doorkeeper: Doorkeeper) -> list[Video]:
    """Without what erased people made; that is put aside."""
    doorkeeper.learn({video.creator_id for _, _, video in batch})
    allowed = []
    for number, record, video in batch:
        if doorkeeper.keeps_out(video.creator_id, video.created_at):
            file.reject(number, "the person was erased", record)
        else:
            allowed.append(video)
    return allowed


def _save_sounds(sounds: Sequence[Sound]) -> None:
    """A sound that comes without a name keeps the one that is known."""
    Sound.objects.bulk_create([each for each in sounds if not each.name], ignore_conflicts=True)
    named = [each for each in sounds if each.name]
    Sound.objects.bulk_create(named, update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def _save_videos(videos: Sequence[Video]) -> None:
    """A video that comes by its UUID keeps the external id that is known."""
    for known_elsewhere, updated in ((False, UPDATED), (True, [*UPDATED, "external_id"])):
        rows = [video for video in videos if bool(video.external_id) == known_elsewhere]
        Video.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=updated)


def _distinct(rows: Iterable[Any]) -> list[Any]:
    return list({row.id: row for row in rows}.values())


def _hashtags(record: dict[str, Any]) -> list[str]:
    """Hashtags without `#`, lower case, each once, in their order."""
    given = record.get("hashtags")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_HASHTAGS:
        raise BadLineError(f"hashtags is not a list of at most {MOST_HASHTAGS}")
    tags = [fields.text({"hashtags": tag}, "hashtags", longest=LONGEST_HASHTAG).lstrip("#").lower() for tag in given]
    if any(len(tag) > LONGEST_HASHTAG for tag in tags):  # lower case may be longer
        raise BadLineError(f"hashtags is longer than {LONGEST_HASHTAG} characters")
    return list(dict.fromkeys(tag for tag in tags if tag))


def _sound(record: dict[str, Any]) -> Sound | None:
    given = record.get("sound")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadLineError("sound is not an object")
    return Sound(id=fields.text(given, "id", longest=64), name=fields.optional_text(given, "name", longest=200))
