"""What people did about the videos they watched."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.demo.catalogue import Catalogue
from ranking.demo.drawing import draw
from ranking.demo.size import Size, Stream, random_stream
from ranking.demo.tastes import GUESTS
from ranking.demo.views import Views

# Shares of views.
LIKES, COMMENTS, SHARES, NOT_INTERESTED, FOLLOWS = 0.017, 0.0027, 0.0009, 0.0009, 0.008
GUEST_LIKES_EACH, GUEST_FOLLOWS = 3, 6


@dataclass(frozen=True, eq=False)
class Reactions:
    """`views` (n,) are rows of Views, one for each reaction; `delay` (n,) are seconds after the view."""

    kind: str
    views: NDArray[np.intp]
    delay: NDArray[np.float64]


def views_for(size: Size) -> int:
    """How many views make the wanted number of events, reactions included."""
    return round(size.events / (1.0 + LIKES + COMMENTS + SHARES + NOT_INTERESTED + FOLLOWS))


def make(catalogue: Catalogue, views: Views, warmth: NDArray[np.float64], seed: int) -> list[Reactions]:
    """`warmth` (viewers,) is `Tastes.warmth`."""
    rng = random_stream(seed, Stream.REACTIONS)
    creator = catalogue.creator[views.video]
    warm = _enjoyment(views) + warmth[views.viewer]
    liked = _with_guests(rng, views, _guests_likes(rng, views, creator), warm, LIKES)
    disliked = -_enjoyment(views)
    disliked[liked] = -np.inf
    chosen = {
        "like": liked,
        "comment": draw(rng, warm, _of(views, COMMENTS)),
        "share": draw(rng, warm, _of(views, SHARES)),
        "not_interested": draw(rng, disliked, _of(views, NOT_INTERESTED)),
        "follow": _follows(rng, views, creator),
    }
    return [Reactions(kind, rows, rng.uniform(1.0, 60.0, len(rows))) for kind, rows in chosen.items()]


def _enjoyment(views: Views) -> NDArray[np.float64]:
    """(n,) log odds of a like: e^5 between a favourite creator's video seen to its end and a skipped one."""
    return 2.0 * views.likes_creator + 1.0 * views.likes_category + 0.02 * views.completion


def _guests_likes(rng: np.random.Generator, views: Views, creator: NDArray[np.int64]) -> NDArray[np.intp]:
    """As many for each favourite creator: affinity is measured by the largest, so all of them come out high."""
    of_guests = np.flatnonzero((views.viewer < len(GUESTS)) & views.likes_creator)
    shuffled = rng.permutation(of_guests)
    pair = _pairs(views.viewer, creator)[shuffled]
    by_pair = [shuffled[pair == each][:GUEST_LIKES_EACH] for each in np.unique(pair)]
    return np.concatenate([np.empty(0, np.intp), *by_pair])


def _follows(rng: np.random.Generator, views: Views, creator: NDArray[np.int64]) -> NDArray[np.intp]:
    """Rows of views after which somebody followed the creator, a favourite: each at most once."""
    favourites = rng.permutation(np.flatnonzero(views.likes_creator))
    _, first = np.unique(_pairs(views.viewer, creator)[favourites], return_index=True)
    log_weights = np.full(len(views), -np.inf)
    log_weights[favourites[first]] = 0.02 * views.completion[favourites[first]]
    of_guests = [np.where(views.viewer == guest, log_weights, -np.inf) for guest in range(len(GUESTS))]
    sure = np.concatenate([draw(rng, each, GUEST_FOLLOWS) for each in of_guests])
    return _with_guests(rng, views, sure, log_weights, FOLLOWS)


def _with_guests(
    rng: np.random.Generator,
    views: Views,
    sure: NDArray[np.intp],
    log_weights: NDArray[np.float64],
    rate: float,
) -> NDArray[np.intp]:
    """Rows of the guests, which are `sure`, and of others by weight, `rate` of all views together."""
    others = np.where(views.viewer < len(GUESTS), -np.inf, log_weights)
    return np.concatenate((sure, draw(rng, others, max(0, _of(views, rate) - len(sure)))))


def _pairs(viewer: NDArray[np.int64], creator: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) one number for each viewer and creator."""
    return viewer * (creator.max() + 1) + creator


def _of(views: Views, rate: float) -> int:
    return round(rate * len(views))
