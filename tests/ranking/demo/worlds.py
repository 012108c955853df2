"""A whole demo in memory, to be asked about."""

import datetime as dt
from dataclasses import dataclass

from ranking.demo import generator
from ranking.demo.generator import Record
from ranking.demo.size import Size

NOW = dt.datetime(2025, 6, 1, 12, 30, tzinfo=dt.UTC)
SMALL = Size(videos=240, viewers=60, events=1_000)
VIDEO_KINDS = {"watch", "like", "comment", "share", "not_interested"}


@dataclass(frozen=True)
class World:
    videos: dict[str, Record]
    events: list[Record]

    def of(self, kind: str, user: str | None = None) -> list[Record]:
        return [e for e in self.events if e["kind"] == kind and user in (None, e["user_id"])]

    def video_of(self, event: Record) -> Record:
        return self.videos[event["video_id"]]

    def age(self, record: Record) -> dt.timedelta:
        return NOW - dt.datetime.fromisoformat(record.get("occurred_at") or record["created_at"])


def make(size: Size, seed: int, now: dt.datetime = NOW) -> World:
    videos = {video["id"]: video for video in generator.videos(size, seed, now)}
    return World(videos, list(generator.events(size, seed, now)))
