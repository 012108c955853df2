"""An event: one thing one person did at one time. Frozen, versioned, and the same everywhere it travels."""

import datetime as dt
import uuid
from typing import Any, NamedTuple

VERSION = 1
VIDEO_KINDS = frozenset({"watch", "like", "unlike", "share", "comment", "not_interested"})
CREATOR_KINDS = frozenset({"follow", "unfollow", "block", "unblock"})
KINDS = VIDEO_KINDS | CREATOR_KINDS
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
        """Raises UnknownVersionError for a version this code does not know."""
        fields = dict(payload)
        version = fields.pop("version")
        if version != VERSION:
            raise UnknownVersionError(f"event version {version!r} is not known here")
        return cls(
            **fields
            | {
                "event_id": uuid.UUID(fields["event_id"]),
                "video_id": uuid.UUID(fields["video_id"]) if fields["video_id"] else None,
                "occurred_at": dt.datetime.fromisoformat(fields["occurred_at"]),
                "hashtags": tuple(fields["hashtags"]),
            }
        )


class UnknownVersionError(ValueError):
    """An event written by a newer Nova."""


def given_id(text: str) -> uuid.UUID:
    """The id of an event its client calls `text`: itself when it is a UUID, else a UUIDv5 of it."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return _uuid5(text)


def derived_id(user_id: str, target: str, kind: str, occurred_at: dt.datetime) -> uuid.UUID:
    """The id of an event that came without one: the same line twice is one event."""
    microseconds = round(occurred_at.timestamp() * 1_000_000)
    return _uuid5(f"{user_id}:{target}:{kind}:{microseconds}")


def _uuid5(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"nova:event:{name}")
