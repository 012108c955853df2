"""An event: one thing one person did at one time. Frozen, versioned, and the same everywhere it travels."""

import datetime as dt
import uuid
from typing import Any, NamedTuple

from nova import fields
from nova.bulk import BadLineError

VERSION = 1
VIDEO_KINDS = frozenset({"watch", "like", "unlike", "share", "comment", "not_interested"})
CREATOR_KINDS = frozenset({"follow", "unfollow", "block", "unblock"})
KINDS = VIDEO_KINDS | CREATOR_KINDS
LONGEST_WATCH_MS = 2**32 - 1
SHORTEST_VIEW_MS = 1000  # a watch known to be shorter counts as seen, not as a view


class Event(NamedTuple):
    """`event_id` is unique per user. The video's creator, sound, hashtags and category are those of that time."""

    event_id: uuid.UUID
    kind: str
    user_id: str
    occurred_at: dt.datetime
    video_id: uuid.UUID | None = None
    creator_id: str = ""
    completion_percent: float | None = None
    watch_ms: int | None = None
    sound_id: str = ""
    hashtags: tuple[str, ...] = ()
    category: str = ""
    destination: str = ""

    @property
    def is_view(self) -> bool:
        return self.kind == "watch" and (self.watch_ms is None or self.watch_ms >= SHORTEST_VIEW_MS)

    def to_payload(self) -> dict[str, Any]:
        """Versioned JSON."""
        return self._asdict() | {
            "version": VERSION,
            "event_id": str(self.event_id),
            "video_id": str(self.video_id) if self.video_id else None,
            "occurred_at": self.occurred_at.isoformat(),
        }

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> "Event":
        """Raises UnknownVersionError for a version this code does not know, and BadLineError, which names the field."""
        _check_version(payload)
        kind = _kind(payload)
        is_of_video = kind in VIDEO_KINDS
        return cls(
            event_id=_uuid(payload, "event_id"),
            kind=kind,
            user_id=fields.text(payload, "user_id", longest=64),
            occurred_at=_time(payload),
            video_id=_uuid(payload, "video_id") if is_of_video else None,
            creator_id=(fields.optional_text if is_of_video else fields.text)(payload, "creator_id", longest=64),
            completion_percent=fields.optional_number(payload, "completion_percent", largest=100),
            watch_ms=_watch_ms(payload),
            sound_id=fields.optional_text(payload, "sound_id", longest=64),
            hashtags=_hashtags(payload),
            category=fields.optional_text(payload, "category", longest=64),
            destination=fields.optional_text(payload, "destination", longest=64),
        )


class UnknownVersionError(ValueError):
    """An event written by a newer Nova."""


def _check_version(payload: dict[str, Any]) -> None:
    version = payload.get("version")
    if type(version) is not int:
        raise BadLineError("version is missing" if version is None else "version is not a whole number")
    if version != VERSION:
        raise UnknownVersionError(f"event version {version} is not known here")


def _kind(payload: dict[str, Any]) -> str:
    kind = payload.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadLineError("kind is missing" if kind is None else f"kind {str(kind)[:40]!r} is not known")
    return kind


def _uuid(payload: dict[str, Any], name: str) -> uuid.UUID:
    text = fields.text(payload, name, longest=64)
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadLineError(f"{name} is not a UUID") from None


def _time(payload: dict[str, Any]) -> dt.datetime:
    text = fields.text(payload, "occurred_at", longest=64)
    try:
        parsed = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BadLineError("occurred_at is not an ISO 8601 time") from None
    if parsed.tzinfo is None:
        raise BadLineError("occurred_at has no time zone")
    return parsed


def _watch_ms(payload: dict[str, Any]) -> int | None:
    watch_ms = fields.optional_number(payload, "watch_ms", largest=LONGEST_WATCH_MS)
    if watch_ms is not None and not isinstance(watch_ms, int):
        raise BadLineError("watch_ms is not a whole number")
    return watch_ms


def _hashtags(payload: dict[str, Any]) -> tuple[str, ...]:
    given = payload.get("hashtags")
    if given is None:
        return ()
    if not isinstance(given, list) or not all(type(tag) is str for tag in given):
        raise BadLineError("hashtags is not a list of strings")
    return tuple(given)


def given_id(text: str) -> uuid.UUID:
    """The id of an event its client calls `text`: itself when it is a UUID, else a UUIDv5 of it."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return _uuid5(text)


def comment_id(text: str) -> uuid.UUID:
    """The id of a comment's event. Comments are numbered by another service: its ids are in nobody's way."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"nova:comment:{text}")


def derived_id(user_id: str, target: str, kind: str, occurred_at: dt.datetime) -> uuid.UUID:
    """The id of an event that came without one: the same line twice is one event."""
    microseconds = round(occurred_at.timestamp() * 1_000_000)
    return _uuid5(f"{user_id}:{target}:{kind}:{microseconds}")


def _uuid5(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"nova:event:{name}")
