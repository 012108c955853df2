"""Which videos there are, as columns: whose, of what category, how long, how old, how good."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.demo.size import Size, Stream, random_stream
from ranking.demo.words import CATEGORIES

DAY = 86_400.0
OLDEST = 60 * DAY  # seconds; the age of the first video, exactly: `load_demo` finds the time of a first run by it
NEW, NEW_SHARE = 3 * DAY, 0.2
YOUNGEST = 1_800.0
SHORTEST, LONGEST, USUAL = 7.0, 56.0, 20.0  # seconds of video
STRAYING = 0.1  # share of videos outside their creator's own category
WITHOUT_SOUND = 0.05
NO_SOUND = -1
SOUNDS_PER_CATEGORY = 12


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Columns (n,) of n videos, the oldest first."""

    creator: NDArray[np.int64]
    category: NDArray[np.int64]  # into words.CATEGORIES
    sound: NDArray[np.int64]  # NO_SOUND where there is none
    duration: NDArray[np.float64]  # seconds, in tenths
    age: NDArray[np.float64]  # seconds before now
    quality: NDArray[np.float64]  # standard normal
    creator_category: NDArray[np.int64]  # (creators,)

    def __len__(self) -> int:
        return len(self.creator)


def make(size: Size, seed: int) -> Catalogue:
    rng = random_stream(seed, Stream.CATALOGUE)
    creator_category = rng.permutation(np.arange(size.creators) % len(CATEGORIES))
    creator = _creators(rng, size)
    category = _categories(rng, creator_category[creator])
    return Catalogue(
        creator=creator,
        category=category,
        sound=_sounds(rng, category),
        duration=_durations(rng, size.videos),
        age=_ages(rng, size.videos),
        quality=rng.standard_normal(size.videos),
        creator_category=creator_category,
    )


def _creators(rng: np.random.Generator, size: Size) -> NDArray[np.int64]:
    """(n,) everybody made at least one video, the busiest about four times as many as the laziest."""
    pace = rng.uniform(0.5, 2.0, size.creators)
    more = rng.choice(size.creators, size.videos - size.creators, p=pace / pace.sum())
    return rng.permutation(np.concatenate((np.arange(size.creators), more)))


def _categories(rng: np.random.Generator, own: NDArray[np.int64]) -> NDArray[np.int64]:
    strays = rng.random(len(own)) < STRAYING
    return np.where(strays, rng.integers(len(CATEGORIES), size=len(own)), own)


def _sounds(rng: np.random.Generator, category: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) each category has its own sounds, a few of which are everywhere."""
    popular_first = np.minimum(rng.geometric(0.25, len(category)) - 1, SOUNDS_PER_CATEGORY - 1)
    sound = category * SOUNDS_PER_CATEGORY + popular_first
    return np.where(rng.random(len(category)) < WITHOUT_SOUND, NO_SOUND, sound)


def _durations(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    return np.clip(rng.lognormal(np.log(USUAL), 0.5, count), SHORTEST, LONGEST).round(1)


def _ages(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """(n,) seconds, falling: OLDEST first, a fifth of all in the last three days."""
    new = round(NEW_SHARE * count)
    ages = np.concatenate(([OLDEST], rng.uniform(NEW, OLDEST, count - new - 1), rng.uniform(YOUNGEST, NEW, new)))
    return np.sort(ages.round())[::-1]
