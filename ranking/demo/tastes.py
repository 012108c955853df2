"""Who watches, what they like, and how much. The first two are the demo page's: opposite and keen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.demo.catalogue import Catalogue
from ranking.demo.drawing import draw
from ranking.demo.size import Size, Stream, random_stream
from ranking.demo.words import CATEGORIES

# The viewers that people meet first: viewers 0 and 1, with nothing in common.
GUESTS = {"demo-ada": ("cooking", "travel"), "demo-ben": ("football", "gaming")}
GUEST_CREATORS = 10
MOST_CATEGORIES = 3
FEWEST_CREATORS, MOST_CREATORS = 3, 6


@dataclass(frozen=True, eq=False)
class Tastes:
    """Of v viewers; guests first."""

    categories: NDArray[np.bool_]  # (v, categories): the favourites
    creators: NDArray[np.bool_]  # (v, creators): the favourites, all of them in favourite categories
    activity: NDArray[np.float64]  # (v,) log weight: who watches how much
    warmth: NDArray[np.float64]  # (v,) log weight: who reacts how much


def make(size: Size, catalogue: Catalogue, seed: int) -> Tastes:
    rng = random_stream(seed, Stream.TASTES)
    categories = _categories(rng, size.viewers)
    videos_of = np.bincount(catalogue.creator, minlength=size.creators)
    creators = np.zeros((size.viewers, size.creators), np.bool_)
    for viewer, likes in enumerate(categories):
        own = likes[catalogue.creator_category]
        chosen = _largest(own, videos_of) if viewer < len(GUESTS) else _some(rng, own, videos_of)
        creators[viewer, chosen] = True
    return Tastes(
        categories=categories,
        creators=creators,
        activity=rng.normal(0.0, 0.7, size.viewers),
        warmth=rng.normal(0.0, 0.8, size.viewers),
    )


def _categories(rng: np.random.Generator, viewers: int) -> NDArray[np.bool_]:
    favourites = np.zeros((viewers, len(CATEGORIES)), np.bool_)
    counts = rng.integers(1, MOST_CATEGORIES + 1, viewers)
    for viewer, count in enumerate(counts):
        favourites[viewer, rng.choice(len(CATEGORIES), count, replace=False)] = True
    for viewer, names in enumerate(GUESTS.values()):
        favourites[viewer] = [name in names for name in CATEGORIES]
    return favourites


def _largest(own: NDArray[np.bool_], videos_of: NDArray[np.int64]) -> NDArray[np.intp]:
    """A guest's favourites: creators with so many videos that plenty are still unseen."""
    busiest_first = np.argsort(-videos_of * own, kind="stable")
    return busiest_first[: min(GUEST_CREATORS, own.sum())]


def _some(rng: np.random.Generator, own: NDArray[np.bool_], videos_of: NDArray[np.int64]) -> NDArray[np.intp]:
    log_weights = np.where(own, np.log(videos_of), -np.inf)
    return draw(rng, log_weights, int(rng.integers(FEWEST_CREATORS, MOST_CREATORS + 1)))
