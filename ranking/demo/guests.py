"""What the demo page's two viewers watched: enough to know them by, with plenty left that they would like."""

import numpy as np
from numpy.typing import NDArray

from ranking.demo.catalogue import Catalogue
from ranking.demo.drawing import draw
from ranking.demo.tastes import GUESTS, Tastes

WATCHES = 120
SEEN_OF_FAVOURITE = 0.33  # of each favourite creator's videos, at most
ELSEWHERE = 0.2  # share of watches outside the favourite categories
MOST_SHARE_OF_VIEWS = 0.2  # of all there are, for both: it matters in small worlds alone


def watch(
    rng: np.random.Generator, catalogue: Catalogue, tastes: Tastes, total: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Viewer and video (n,) of the guests' views, out of `total` by everybody."""
    each = min(WATCHES, int(MOST_SHARE_OF_VIEWS * total / len(GUESTS)))
    videos = [_videos(rng, catalogue, tastes, guest, each) for guest in range(len(GUESTS))]
    return np.repeat(np.arange(len(GUESTS)), [len(some) for some in videos]), np.concatenate(videos)


def _videos(
    rng: np.random.Generator, catalogue: Catalogue, tastes: Tastes, guest: int, count: int
) -> NDArray[np.int64]:
    """Favourite creators first, then others of the favourite categories, then anything."""
    by_favourite = tastes.creators[guest, catalogue.creator]
    in_category = tastes.categories[guest, catalogue.category]
    elsewhere = round(ELSEWHERE * count)
    favourites = _of_favourites(rng, catalogue, tastes, guest)[: count - elsewhere]
    similar = _any_of(rng, in_category & ~by_favourite, count - elsewhere - len(favourites))
    other = _any_of(rng, ~in_category & ~by_favourite, elsewhere)
    return np.concatenate((favourites, similar, other))


def _of_favourites(rng: np.random.Generator, catalogue: Catalogue, tastes: Tastes, guest: int) -> NDArray[np.int64]:
    videos = [
        _any_of(rng, made, int(SEEN_OF_FAVOURITE * made.sum()))
        for made in (catalogue.creator == creator for creator in np.flatnonzero(tastes.creators[guest]))
    ]
    return rng.permutation(np.concatenate(videos)) if videos else np.empty(0, np.int64)


def _any_of(rng: np.random.Generator, mask: NDArray[np.bool_], count: int) -> NDArray[np.int64]:
    return draw(rng, np.where(mask, 0.0, -np.inf), count)
