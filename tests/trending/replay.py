"""Two made-up days of events: steady tags, and bursts, spam and a dying trend whose times are known."""

import datetime as dt
import uuid
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nova.clients import clickhouse

Times = NDArray[np.floating]  # hours since the beginning of the first day
HOURS = 48
FIRST_TICK = 24.0  # the second day is replayed, the first is its past
PEOPLE = 30_000
CREATORS_PER_TAG = 20
SAMPLED_HOURS = np.linspace(0, HOURS, HOURS * 60 + 1)


@dataclass(frozen=True)
class Burst:
    tag: str
    start: float  # hours
    per_minute: float
    before: float = 0.0  # people an hour
    hours: float = 2.0

    @property
    def end(self) -> float:
        return self.start + self.hours


BURSTS = [
    Burst("new-fast", 26.03, 8.0),
    Burst("new-slow", 29.55, 3.0),
    Burst("small-fast", 33.31, 6.0, before=4.0),
    Burst("small-slow", 36.08, 3.0, before=8.0),
    Burst("middle", 38.72, 10.0, before=60.0),
    Burst("at-night", 27.9, 3.0, before=2.0),
    Burst("at-peak", 42.4, 12.0, before=30.0),
    Burst("giant", 44.2, 30.0, before=300.0),
]
STEADY = {f"steady-{number}": float(rate) for number, rate in enumerate(np.geomspace(2, 300, 30).round(1))}
SPAM, PUPPETS, DYING, MORNING = "spam", "puppets", "dying", "good-morning"
NEVER_RISING = {*STEADY, SPAM, PUPPETS, DYING, MORNING}


@dataclass(frozen=True, eq=False)
class Events:
    """Columns; `user` and `creator` are numbers."""

    tag: list[str]
    hours: Times
    user: NDArray[np.int64]
    creator: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.tag)


def make(seed: int) -> Events:
    rng = np.random.default_rng(seed)
    parts = [_crowd(rng, tag, _stream(rng, rate * rhythm(SAMPLED_HOURS))) for tag, rate in STEADY.items()]
    for burst in BURSTS:
        shape = burst.before * rhythm(SAMPLED_HOURS)
        inside = (burst.start <= SAMPLED_HOURS) & (burst.end > SAMPLED_HOURS)
        parts.append(_crowd(rng, burst.tag, _stream(rng, shape + 60 * burst.per_minute * inside)))
    fading = 400 * np.exp2(-np.maximum(SAMPLED_HOURS - 20, 0) / 4)
    parts.append(_crowd(rng, DYING, _stream(rng, fading)))
    of_day = SAMPLED_HOURS % 24
    parts.append(_crowd(rng, MORNING, _stream(rng, 300.0 * ((of_day >= 7) & (of_day < 9)))))
    parts += [_spam(rng), _puppets(rng), _crowd(rng, PUPPETS, _stream(rng, 4 * rhythm(SAMPLED_HOURS)))]
    return Events(
        tag=[tag for part in parts for tag in part.tag],
        hours=np.concatenate([part.hours for part in parts]),
        user=np.concatenate([part.user for part in parts]),
        creator=np.concatenate([part.creator for part in parts]),
    )


def rhythm(hours: Times) -> Times:
    """Three times as many people in the evening as at night."""
    return 1 + 0.5 * np.sin((hours - 14) * 2 * np.pi / 24)


def insert(events: Events, beginning: dt.datetime) -> None:
    rng = np.random.default_rng(1)
    at = (beginning.timestamp() + events.hours * 3600) * 1000
    raw = rng.bytes(16 * len(events))
    names = {tag: number for number, tag in enumerate(dict.fromkeys(events.tag))}
    videos = [
        uuid.UUID(int=names[tag] << 64 | int(creator)) for tag, creator in zip(events.tag, events.creator, strict=True)
    ]
    clickhouse.insert(
        "engagement_event_log",
        {
            "event_id": [uuid.UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)],
            "user_id": [f"person-{each}" for each in events.user],
            "video_id": videos,
            "creator_id": [f"creator-{each}" for each in events.creator],
            "kind": ["watch"] * len(events),
            "sound_id": [f"sound-of-{tag}" for tag in events.tag],
            "hashtags": [(tag,) for tag in events.tag],
            "category": ["music"] * len(events),
            "occurred_at": at.astype(np.int64).tolist(),
        },
    )


def _stream(rng: np.random.Generator, rates: Times) -> Times:
    """Times of people who come at these rates (an hour, by the minute), whose level wanders a little by itself."""
    wandering = np.exp(np.repeat(rng.normal(0, 0.1, HOURS + 1), 60)[: len(rates)])
    counts = rng.poisson(rates * wandering / 60)
    minutes = np.repeat(SAMPLED_HOURS, counts)
    return minutes + rng.random(len(minutes)) / 60


def _crowd(rng: np.random.Generator, tag: str, hours: Times) -> Events:
    """Different people who watch the videos of twenty creators, some of them far more than others."""
    popularity = 1 / np.arange(1, CREATORS_PER_TAG + 1)
    first = rng.integers(1_000)
    creator = first + rng.choice(CREATORS_PER_TAG, len(hours), p=popularity / popularity.sum())
    return Events([tag] * len(hours), hours, rng.integers(PEOPLE, size=len(hours)), creator)


def _spam(rng: np.random.Generator) -> Events:
    """One account that watches everybody's videos with a tag, three thousand times in two hours."""
    count = 3_000
    creators = rng.integers(50, size=count)
    return Events([SPAM] * count, rng.uniform(31, 33, count), np.full(count, PEOPLE + 1), creators)


def _puppets(rng: np.random.Generator) -> Events:
    """Forty accounts of one creator who watch that creator's videos, each a hundred times."""
    count = 4_000
    users = PEOPLE + 100 + rng.integers(40, size=count)
    return Events([PUPPETS] * count, rng.uniform(35, 37, count), users, np.full(count, 5_000))
