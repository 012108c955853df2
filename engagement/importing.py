"""`import_engagement`: history from a file, straight into ClickHouse, with the state it leaves in PostgreSQL."""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from django.utils import timezone

from engagement import comments, outbox, relations, store, totals
from engagement.comments import CommentMade
from engagement.events import CREATOR_KINDS, KINDS, VIDEO_KINDS, Event, derived_id, given_id
from engagement.signals import taste_changed
from nova import fields
from nova.bulk import BadLineError, Records, no_cycles
from reels.erasures import Doorkeeper
from reels.ids import video_id as uuid_of
from reels.models import Video

BATCH = 50_000
CLOCK_SKEW = dt.timedelta(minutes=5)
LONGEST_WATCH_MS = 2**32 - 1
# What a line's events carry of their target: its canonical name, and fields of Event.
Target = tuple[str, dict[str, Any]]
Line = tuple[int, dict[str, Any]]
Good = tuple[int, dict[str, Any], Event]


@no_cycles()
def import_engagement(file: Records) -> int:
    """Load a file of events; returns how many lines were good. The same line twice is one event.

    Raises ClickHouseError; what was loaded until then stays, and loading the file again completes it.
    """
    importer = Importer(file)
    batch: list[Line] = []
    for line in file:
        batch.append(line)
        if len(batch) >= BATCH:
            importer.load(batch)
            batch = []
    importer.load(batch)
    importer.finish()
    totals.recount(importer.touched())
    return importer.loaded


class Importer:
    """Holds what outlives a batch: the facts of videos seen so far, and which totals have to be taken anew."""

    def __init__(self, file: Records) -> None:
        self.file = file
        self.loaded = 0
        self._touched: set[int] = set()
        self._people: set[str] = set()  # of the batch that is being inserted
        self._oldest = timezone.now() - store.KEPT
        self._doorkeeper = Doorkeeper()
        self._videos: dict[str, Target | None] = {}  # by the id that lines use; None: not in the catalogue
        self._inserting = ThreadPoolExecutor(1)  # ClickHouse works on one batch while the next one is read
        self._inserted: Future[None] | None = None

    def load(self, lines: Sequence[Line]) -> None:
        """State first, then ClickHouse: both take the same lines again without a change, so a crash between them
        is mended by loading the file again."""
        self._learn(lines)
        good = self._allowed(self._read_all(lines))
        # An int hashes ten times as fast as a UUID.
        events = {(event.user_id, event.event_id.int): event for _, _, event in good}
        identified = any(record.get("event_id") for _, record, _ in good)
        self.loaded += len(good)
        loaded = list(events.values())
        self._save(outbox.as_first_told(loaded) if identified else loaded)

    def _read_all(self, lines: Sequence[Line]) -> list[Good]:
        latest = timezone.now() + CLOCK_SKEW
        good = []
        for number, record in lines:
            try:
                good.append((number, record, self._read(record, latest)))
            except BadLineError as error:
                self.file.reject(number, str(error), record)
        return good

    def _allowed(self, good: list[Good]) -> list[Good]:
        """Without what erased people did, and what was done to them."""
        people = {event.user_id for _, _, event in good}
        people.update(event.creator_id for _, _, event in good)
        self._doorkeeper.learn(people)
        return [each for each in good if not self._is_kept_out(*each)] if self._doorkeeper.is_needed else good

    def _is_kept_out(self, number: int, record: dict[str, Any], event: Event) -> bool:
        keeps_out, at = self._doorkeeper.keeps_out, event.occurred_at
        if not keeps_out(event.user_id, at) and not keeps_out(event.creator_id, at):
            return False
        self.file.reject(number, "the person was erased", record)
        return True

    def _save(self, events: Sequence[Event]) -> None:
        if not events:
            return
        for kind_model in {change.model for change in relations.CHANGES.values()}:
            relations.set_all(kind_model, _entries(events, kind_model))
        comments.insert(
            CommentMade(event.event_id, event.user_id, event.video_id, event.occurred_at)
            for event in events
            if event.kind == "comment" and event.video_id
        )
        self.finish()
        self._people = {event.user_id for event in events}
        self._inserted = self._inserting.submit(store.insert, [each for each in events if self._is_kept(each)])
        self._touched.update(event.video_id.int for event in events if event.video_id)

    def _is_kept(self, event: Event) -> bool:
        """Of older ones only the state is taken: ClickHouse would forget them at a time of its own choosing."""
        return event.occurred_at >= self._oldest

    def finish(self) -> None:
        """Wait until ClickHouse has what it was given. Raises ClickHouseError."""
        if self._inserted:
            self._inserted.result()
            self._inserted = None
            taste_changed.send(sender=None, user_ids=self._people)  # feeds built until now do not know the batch

    def touched(self) -> list[uuid.UUID]:
        """The videos whose totals have to be taken anew."""
        return [uuid.UUID(int=each) for each in self._touched]

    def _learn(self, lines: Sequence[Line]) -> None:
        """Look up the videos that these lines name and that are not known yet, in one query."""
        given = {record["video_id"] for _, record in lines if isinstance(record.get("video_id"), str)}
        unknown = {text: uuid_of(text) for text in given if text not in self._videos}
        columns = ("id", "creator_id", "sound_id", "hashtags", "category")
        rows = Video.objects.filter(id__in=set(unknown.values())).values_list(*columns)
        found = {row[0]: _target(*row) for row in rows.iterator()}
        self._videos.update({text: found.get(video_id) for text, video_id in unknown.items()})

    def _read(self, record: dict[str, Any], latest: dt.datetime) -> Event:
        kind = record.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            raise BadLineError("kind is missing" if kind is None else f"kind {str(kind)[:40]!r} is not known")
        user_id = fields.text(record, "user_id", longest=64)
        occurred_at = fields.time(record, "occurred_at", latest=latest)
        target, rest = self._video(record) if kind in VIDEO_KINDS else _creator(record, user_id)
        given = fields.optional_text(record, "event_id", longest=64)
        event_id = given_id(given) if given else derived_id(user_id, target, kind, occurred_at)
        if occurred_at < self._oldest and kind not in relations.CHANGES:
            raise BadLineError(f"occurred_at is longer ago than the {store.KEPT.days} days that events are kept")
        watch_ms = fields.optional_number(record, "watch_ms", largest=LONGEST_WATCH_MS)
        return Event(
            event_id=event_id,
            kind=kind,
            user_id=user_id,
            occurred_at=occurred_at,
            completion_percent=fields.optional_number(record, "completion_percent", largest=100),
            watch_ms=None if watch_ms is None else int(watch_ms),
            **rest,
        )

    def _video(self, record: dict[str, Any]) -> Target:
        target = self._videos.get(fields.text(record, "video_id", longest=200))
        if target is None:
            raise BadLineError("video_id is not in the catalogue")
        return target


def _target(video_id: uuid.UUID, creator_id: str, sound_id: str | None, hashtags: list[str], category: str) -> Target:
    return str(video_id), {
        "video_id": video_id,
        "creator_id": creator_id,
        "sound_id": sound_id or "",
        "hashtags": tuple(hashtags),
        "category": category,
    }


def _creator(record: dict[str, Any], user_id: str) -> Target:
    creator_id = fields.text(record, "creator_id", longest=64)
    if creator_id == user_id:
        raise BadLineError("one cannot follow or block oneself")
    return creator_id, {"creator_id": creator_id}


def _entries(events: Sequence[Event], model: type) -> list[relations.Entry]:
    """The changes that events make to one kind of relation."""
    change_of = {kind: change for kind, change in relations.CHANGES.items() if change.model is model}
    target: Callable[[Event], Any] = (
        (lambda event: event.creator_id) if change_of.keys() <= CREATOR_KINDS else (lambda event: event.video_id)
    )
    return [
        (event.user_id, target(event), change_of[event.kind].is_active, event.occurred_at)
        for event in events
        if event.kind in change_of
    ]
