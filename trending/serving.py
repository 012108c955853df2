"""Answers: what is published, with the pins and blocks of now, and videos that are still there."""

import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from django.db import DatabaseError, connection

from engagement import ready, recent
from trending import curations, publishing
from trending.kinds import EVERYTHING, SOUND, Kind
from trending.lists import RISING, USAGE

log = structlog.get_logger(__name__)
Answer = dict[str, Any]
Key = tuple[str, str, str]  # kind, category, sort
Remembered = tuple[float, Answer]  # since when
SAMPLES = 3
LONGEST = 100
SHOWN_FOR = 1.0  # seconds that the same answer is given again
MOST_REMEMBERED = 500
SHOWN_OF_A_CARD = ("id", "title", "creator_id", "thumbnail_url")
# Whom a list of creators is not to show somebody.
KNOWN = """
SELECT creator_id FROM engagement_follow WHERE user_id = %(user)s AND is_active AND creator_id = ANY(%(creators)s)
UNION ALL
SELECT creator_id FROM engagement_block WHERE user_id = %(user)s AND is_active AND creator_id = ANY(%(creators)s)
"""


class Answers:
    """The last answers of this process: most people ask the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Key, Remembered] = {}

    def get(self, kind: Kind, category: str, sort: str) -> Answer:
        key = kind.name, category, sort
        known = self._known.get(key)
        if known is None or self._is_old(known):
            known = self._renew(key, known, kind)
        return known[1]

    def forget(self) -> None:
        self._known.clear()

    def _renew(self, key: Key, known: Remembered | None, kind: Kind) -> Remembered:
        """One thread reads cards; the others have its answer, or the one before."""
        if not self._lock.acquire(blocking=known is None) and known is not None:
            return known
        try:
            known = self._known.get(key)
            if known is None or self._is_old(known):
                known = time.monotonic(), _answer(kind, *key[1:])
                self._remember(key, known)
            return known
        finally:
            self._lock.release()

    def _is_old(self, known: Remembered) -> bool:
        return time.monotonic() - known[0] >= SHOWN_FOR

    def _remember(self, key: Key, answer: Remembered) -> None:
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = answer


answers = Answers()


def trending(kind: Kind, *, category: str, sort: str, limit: int) -> Answer:
    """What trends now, in a category or in all. Raises EngineAwayError when there is no list and none can be made."""
    answer = answers.get(kind, category, sort)
    return {"entries": answer["entries"][:limit], "generated_at": answer["generated_at"]}


def discover(user_id: str, *, limit: int) -> list[Answer]:
    """Creators who grow, without those the caller follows or blocked, and the caller."""
    found = publishing.creators.current()["creators"]
    hidden = _known_to(user_id, [each["id"] for each in found]) | {user_id}
    left = [each for each in found if each["id"] not in hidden]
    shown: list[Answer] = []
    for start in range(0, len(left), limit):
        part = left[start : start + limit]
        shown += [each for each in _with_videos(part) if each["videos"]]  # without videos there is nobody to discover
        if len(shown) >= limit:
            break
    return shown[:limit]


def _answer(kind: Kind, category: str, sort: str) -> Answer:
    content = (publishing.sounds if kind is SOUND else publishing.hashtags).current()
    listed = content["lists"].get(category, {USAGE: [], RISING: []})
    now = time.time()
    standing = [
        rule for rule in curations.current(content["curations"]) if rule.holds(kind.name, category, now)
    ]  # fmt: skip
    everywhere = content["lists"].get(EVERYTHING, listed)
    known = {entry["item"]: entry for each in (everywhere, listed) for entry in each[USAGE]} if standing else {}
    entries = curations.apply(listed[sort], known, standing)[:LONGEST]
    return {"entries": _with_videos(entries), "generated_at": content["generated_at"]}


def _with_videos(entries: Sequence[Answer]) -> list[Answer]:
    """With the cards of those of their videos that are published at this moment."""
    known = _cards(video_id for entry in entries for video_id in entry["videos"][:SAMPLES])
    short = [entry for entry in entries if not all(each in known for each in entry["videos"][:SAMPLES])]
    known |= _cards(video_id for entry in short for video_id in entry["videos"][SAMPLES:])  # for those that are gone
    return [
        entry | {"videos": [known[each] for each in entry["videos"] if each in known][:SAMPLES]} for entry in entries
    ]


def _cards(video_ids: Iterable[str]) -> dict[str, Answer]:
    """As this process holds them, which hears of every change; without PostgreSQL those that it or Redis holds."""
    distinct = list(dict.fromkeys(video_ids))
    shown = ready.videos([uuid.UUID(video_id).bytes for video_id in distinct])
    found = {video_id: video.card for video_id, video in zip(distinct, shown, strict=True) if video.json}
    return {video_id: {name: card[name] for name in SHOWN_OF_A_CARD} for video_id, card in found.items()}


def _known_to(user_id: str, creators: Sequence[str]) -> set[str]:
    """Without PostgreSQL whom they blocked in the last hours: better a creator too many than no page."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(KNOWN, {"user": user_id, "creators": list(creators)})
            return {creator_id for (creator_id,) in cursor.fetchall()}
    except DatabaseError as error:
        log.warning("discover_without_relations", error=type(error).__name__)
        return set(recent.read(user_id).blocked)


def forget() -> None:
    """Show the pins and blocks of this moment: for the process that changed some."""
    curations.rules.forget()
    answers.forget()
