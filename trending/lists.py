"""What is published of sounds or hashtags: for each category and for all, the most used and what rises."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.db import DatabaseError

from reels.models import Sound
from trending import audience, past, samples, scoring, usage
from trending.audience import Came
from trending.kinds import SOUND, Kind
from trending.usage import LISTED, Used

log = structlog.get_logger(__name__)
USAGE, RISING = "usage", "rising"
Content = dict[str, Any]  # {"generated_at", "lists": {category: {"usage": [entry], "rising": [entry]}}}


def build(kind: Kind, now: dt.datetime) -> Content:
    """The lists as of `now`. Raises ClickHouseError."""
    scores = {row.key: score for row, score in rising(kind, now).items()}
    rows = usage.ranked(kind, now, list(scores))
    videos = samples.of(kind, now, [row.key for row in rows])
    names = _names(row.item for row in rows) if kind is SOUND else {}
    lists: defaultdict[str, dict[str, list[Any]]] = defaultdict(lambda: {USAGE: [], RISING: []})
    for row in rows:
        entry = _entry(row, names.get(row.item, row.item), scores.get(row.key, 0.0), videos.get(row.key, []))
        if row.rank <= LISTED:
            lists[row.category][USAGE].append(entry)
        if row.key in scores:
            lists[row.category][RISING].append(entry)
    for each in lists.values():
        each[RISING].sort(key=lambda entry: (-entry["score"], entry["item"]))
    return {"generated_at": _iso(now), "lists": lists}


def rising(kind: Kind, now: dt.datetime) -> dict[Came, float]:
    """What rises, with its scores. Raises ClickHouseError."""
    rows = audience.of(kind, now)
    if not rows:
        return {}
    scores = scoring.rising(audience.columns(rows), past.of(kind, now, [row.key for row in rows]))
    return {row: round(float(score), 2) for row, score in zip(rows, scores, strict=True) if score > 0}


def _entry(row: Used, name: str, score: float, videos: list[str]) -> Mapping[str, Any]:
    return {
        "item": row.item,
        "name": name,
        "count": row.videos,
        "change": row.change,
        "score": score,
        "videos": videos,
    }


def _names(sounds: Iterable[str]) -> dict[str, str]:
    """Without PostgreSQL a sound is called by its id."""
    try:
        return dict(Sound.objects.filter(id__in=set(sounds)).exclude(name="").values_list("id", "name"))
    except DatabaseError as error:
        log.warning("sounds_without_names", error=type(error).__name__)
        return {}


def _iso(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
