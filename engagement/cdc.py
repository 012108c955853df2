"""What `consume_cdc` does with a batch of records: videos made, comments written and follows changed elsewhere.

Videos go first, since comments need them. A video that is deleted stays unpublished, whatever an upsert
says of it later.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils import timezone

from engagement import elsewhere, store
from engagement.comments import CommentMade
from engagement.consuming import payload
from engagement.elsewhere import FollowChanged
from engagement.events import UnknownVersionError, comment_id
from nova import fields
from nova.bulk import BadLineError
from nova.clients.kafka_consumer import Record
from nova.streaming import DeadLetter
from reels import catalogue, erasures
from reels.ids import video_id as uuid_of
from reels.models import Video

VERSION = 1
CLOCK_SKEW = dt.timedelta(minutes=5)
LONGEST_ID = 200
Item = TypeVar("Item")


@dataclass
class Changes:
    """What a batch tells, in the order of its records."""

    videos: list[Video] = field(default_factory=list)
    deleted: list[uuid.UUID] = field(default_factory=list)
    comments: list[tuple[Record, CommentMade]] = field(default_factory=list)
    follows: list[FollowChanged] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def handle(records: Sequence[Record]) -> list[DeadLetter]:
    """Returns when PostgreSQL has the changes, with the records that are none. Doing it again changes nothing.

    Raises DatabaseError.
    """
    changes = decode(records)
    erased = erasures.among(_people(changes))
    catalogue.save(_kept(changes.videos, lambda video: not erased.keeps_out(video.creator_id, video.created_at)))
    if changes.deleted:
        catalogue.set_published(Video.objects.filter(id__in=changes.deleted), is_published=False)
    _add_comments(changes, erased)
    elsewhere.change_follows(changes=_kept(changes.follows, lambda follow: not _is_kept_out(follow, erased)))
    return changes.dead


def decode(records: Sequence[Record]) -> Changes:
    changes = Changes()
    for record in records:
        try:
            _add(changes, record)
        except (BadLineError, UnknownVersionError) as error:
            changes.dead.append(DeadLetter(record, str(error)))
    return changes


def _add(changes: Changes, record: Record) -> None:
    """Raises BadLineError and UnknownVersionError."""
    given = payload(record)
    what = _what(given)
    if what == ("video", "upsert"):
        changes.videos.append(catalogue.read_video(_object(given, "video")))
    elif what == ("video", "delete"):
        changes.deleted.append(uuid_of(fields.text(_object(given, "video"), "id", longest=LONGEST_ID)))
    elif what == ("comment", "create"):
        changes.comments.append((record, read_comment(_object(given, "comment"))))
    elif what in (("follow", "create"), ("follow", "delete")):
        changes.follows.append(read_follow(_object(given, "follow"), is_active=what[1] == "create"))
    else:
        raise BadLineError(f"type {what[0]!r} with op {what[1]!r} is not known")


def _what(given: dict[str, Any]) -> tuple[str, str]:
    version = given.get("version")
    if type(version) is not int:
        raise BadLineError("version is missing" if version is None else "version is not a whole number")
    if version != VERSION:
        raise UnknownVersionError(f"version {version} is not known here")
    return fields.text(given, "type", longest=40), fields.text(given, "op", longest=40)


def _object(given: dict[str, Any], name: str) -> dict[str, Any]:
    found = given.get(name)
    if not isinstance(found, dict):
        raise BadLineError(f"{name} is missing" if found is None else f"{name} is not an object")
    return found


def read_comment(given: dict[str, Any]) -> CommentMade:
    """Raises BadLineError."""
    now = timezone.now()
    created_at = fields.time(given, "created_at", latest=now + CLOCK_SKEW)
    if created_at < now - store.KEPT:
        raise BadLineError(f"created_at is longer ago than the {store.KEPT.days} days that events are kept")
    return CommentMade(
        id=comment_id(fields.text(given, "id", longest=LONGEST_ID)),
        user_id=fields.text(given, "user_id", longest=64),
        video_id=uuid_of(fields.text(given, "video_id", longest=LONGEST_ID)),
        created_at=created_at,
    )


def read_follow(given: dict[str, Any], *, is_active: bool) -> FollowChanged:
    """Raises BadLineError."""
    user_id, creator_id = (fields.text(given, name, longest=64) for name in ("user_id", "creator_id"))
    if user_id == creator_id:
        raise BadLineError("one cannot follow oneself")
    occurred_at = fields.time(given, "occurred_at", latest=timezone.now() + CLOCK_SKEW)
    return FollowChanged(user_id, creator_id, is_active, occurred_at)


def _add_comments(changes: Changes, erased: erasures.Erased) -> None:
    """Comments on videos that nobody has told of are dead letters."""
    known = elsewhere.videos({comment.video_id for _, comment in changes.comments})
    erased_creators = erasures.among({video.creator_id for video in known.values()})
    kept = []
    for record, comment in changes.comments:
        video = known.get(comment.video_id)
        if erased.keeps_out(comment.user_id, comment.created_at):
            continue
        if video is None:
            changes.dead.append(DeadLetter(record, "video_id is not in the catalogue"))
        elif not erased_creators.keeps_out(video.creator_id, comment.created_at):
            kept.append(comment)
    elsewhere.add_comments(comments=kept, on=known)


def _people(changes: Changes) -> set[str]:
    people = {video.creator_id for video in changes.videos}
    people.update(comment.user_id for _, comment in changes.comments)
    return people.union(*((follow.user_id, follow.creator_id) for follow in changes.follows))


def _is_kept_out(follow: FollowChanged, erased: erasures.Erased) -> bool:
    return any(erased.keeps_out(person, follow.occurred_at) for person in (follow.user_id, follow.creator_id))


def _kept(items: Iterable[Item], is_kept: Callable[[Item], bool]) -> list[Item]:
    return [each for each in items if is_kept(each)]
