"""The demo as records in the two import formats. The same size, seed and `now` give the same records."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np

from ranking.demo import catalogue, reactions, tastes, titles, views
from ranking.demo.catalogue import NO_SOUND, OLDEST, Catalogue
from ranking.demo.reactions import Reactions
from ranking.demo.size import Size, Stream, random_stream
from ranking.demo.views import Views
from ranking.demo.words import CATEGORIES
from ranking.demo.words.common import SOUND_MOODS, SOUND_THINGS

Record = dict[str, Any]
FIRST_VIDEO = "demo-0001"
AGE_OF_FIRST_VIDEO = dt.timedelta(seconds=OLDEST)
# A player that stopped within a second reports how long it ran, this often.
MEASURED_SHARE = 0.125
SHORT_MS = 1000.0

__all__ = ["AGE_OF_FIRST_VIDEO", "FIRST_VIDEO", "Record", "Size", "events", "videos"]


def videos(size: Size, seed: int, now: dt.datetime) -> Iterator[Record]:
    """Videos in the format of `import_catalogue`, the oldest first; FIRST_VIDEO is AGE_OF_FIRST_VIDEO old."""
    made = catalogue.make(size, seed)
    rng = random_stream(seed, Stream.TEXT)
    columns = (made.creator, made.category, made.sound, made.duration, made.age)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for row, (creator, of_category, sound, duration, age) in enumerate(rows):
        category = CATEGORIES[of_category]
        yield {
            "id": _video_id(row),
            "creator_id": _creator_id(creator),
            "title": titles.title(rng, category),
            "hashtags": titles.hashtags(rng, category),
            "category": category,
            "sound": _sound(sound),
            "duration_seconds": duration,
            "created_at": _before(now, age),
        }


def events(size: Size, seed: int, now: dt.datetime) -> Iterator[Record]:
    """Events in the format of `import_engagement`: all views, then what people did about them."""
    made = catalogue.make(size, seed)
    liking = tastes.make(size, made, seed)
    seen = views.make(made, liking, reactions.views_for(size), seed)
    yield from _watches(made, seen, random_stream(seed, Stream.MEASUREMENTS), now)
    for each in reactions.make(made, seen, liking.warmth, seed):
        yield from _reactions(made, seen, each, now)


def _watches(made: Catalogue, seen: Views, rng: np.random.Generator, now: dt.datetime) -> Iterator[Record]:
    played_ms = (made.duration[seen.video] * seen.completion * 10.0).round()
    is_measured = (played_ms < SHORT_MS) & (rng.random(len(seen)) < MEASURED_SHARE)
    columns = (seen.viewer, seen.video, seen.age, seen.completion, played_ms, is_measured)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for viewer, video, age, completion, milliseconds, measured in rows:
        record = {
            "user_id": _viewer_id(viewer),
            "video_id": _video_id(video),
            "kind": "watch",
            "occurred_at": _before(now, age),
            "completion_percent": completion,
        }
        yield record | {"watch_ms": int(milliseconds)} if measured else record


def _reactions(made: Catalogue, seen: Views, what: Reactions, now: dt.datetime) -> Iterator[Record]:
    for row, delay in zip(what.views.tolist(), what.delay.tolist(), strict=True):
        video = seen.video[row]
        is_follow = what.kind == "follow"
        yield {
            "user_id": _viewer_id(seen.viewer[row]),
            **({"creator_id": _creator_id(made.creator[video])} if is_follow else {"video_id": _video_id(video)}),
            "kind": what.kind,
            "occurred_at": _before(now, float(seen.age[row]) - delay),
        }


def _video_id(row: int) -> str:
    return f"demo-{row + 1:04d}"


def _creator_id(row: int) -> str:
    return f"demo-creator-{row + 1:03d}"


def _viewer_id(row: int) -> str:
    return GUEST_IDS[row] if row < len(GUEST_IDS) else f"demo-viewer-{row + 1:04d}"


def _sound(row: int) -> Record | None:
    if row == NO_SOUND:
        return None
    # 225 pairs for 144 sounds; 7 is prime to 225, so that neighbours do not share a mood.
    mood, thing = divmod(row * 7 % (len(SOUND_MOODS) * len(SOUND_THINGS)), len(SOUND_THINGS))
    return {"id": f"demo-sound-{row + 1:03d}", "name": f"{SOUND_MOODS[mood]} {SOUND_THINGS[thing]}"}


def _before(now: dt.datetime, seconds: float) -> str:
    return (now - dt.timedelta(milliseconds=round(seconds * 1000))).isoformat()


GUEST_IDS = tuple(tastes.GUESTS)
