"""Who watched what, when, and how far."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.demo import guests
from ranking.demo.catalogue import DAY, NEW, Catalogue
from ranking.demo.drawing import draw
from ranking.demo.size import Stream, random_stream
from ranking.demo.tastes import GUESTS, Tastes

WINDOW = 30 * DAY
LATEST = 120.0  # seconds before now: room for the reactions that follow a view
RANK_DECAY = 8.67  # k with (1 − exp(−0.1k)) / (1 − exp(−k)) = 0.58
BARELY_WATCHED, TO_THE_END = 0.50, 0.15  # shares of views: below 10 percent, and 100 percent
TASTE, FAVOURITE_CREATOR = 1.6, 0.8  # log odds to see such a video, and standard deviations of interest in it


@dataclass(frozen=True, eq=False)
class Views:
    """Columns (n,) of n views; nobody watches a video twice."""

    viewer: NDArray[np.int64]
    video: NDArray[np.int64]
    likes_category: NDArray[np.bool_]
    likes_creator: NDArray[np.bool_]
    age: NDArray[np.float64]  # seconds before now
    completion: NDArray[np.float64]  # percent, in tenths

    def __len__(self) -> int:
        return len(self.viewer)


def make(catalogue: Catalogue, tastes: Tastes, count: int, seed: int) -> Views:
    rng = random_stream(seed, Stream.VIEWS)
    viewer, video = _pairs(rng, catalogue, tastes, count)
    likes_category = tastes.categories[viewer, catalogue.category[video]]
    likes_creator = tastes.creators[viewer, catalogue.creator[video]]
    interest = TASTE * likes_category + FAVOURITE_CREATOR * likes_creator + rng.standard_normal(len(video))
    interest += 0.5 * catalogue.quality[video] - 0.4 * np.log(catalogue.duration[video])
    return Views(
        viewer=viewer,
        video=video,
        likes_category=likes_category,
        likes_creator=likes_creator,
        age=_ages(rng, catalogue.age[video]),
        completion=completions(interest),
    )


def ranked_counts(videos: int, total: int) -> NDArray[np.int64]:
    """(videos,) views that add up to `total`, the most viewed first; the top tenth has 58 percent.

    They fall exponentially with rank, which bounds the top: a power law would give it more views than there
    are viewers.
    """
    edges = np.arange(videos + 1) / videos
    reached = (1 - np.exp(-RANK_DECAY * edges)) / (1 - np.exp(-RANK_DECAY))
    return np.diff((total * reached).round().astype(np.int64))


def completions(interest: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) percent by rank of interest (n,): exact shares, whatever the interest is made of."""
    share = (np.argsort(np.argsort(interest)) + 0.5) / len(interest)
    knots = [0.0, BARELY_WATCHED, 1.0 - TO_THE_END]
    rising = np.interp(share, knots, [0.2, 9.94, 99.9])
    return np.where(share > 1.0 - TO_THE_END, 100.0, rising).round(1)


def _pairs(
    rng: np.random.Generator, catalogue: Catalogue, tastes: Tastes, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Viewer and video (n,) of all views: the guests' own, then each video's from everybody else."""
    viewers, videos = guests.watch(rng, catalogue, tastes, count)
    others = np.arange(len(GUESTS), len(tastes.activity))
    audience = _counts_of_videos(rng, catalogue, count - len(videos))
    drawn = [others[draw(rng, _odds(catalogue, tastes, video)[others], n)] for video, n in enumerate(audience)]
    drawn_videos = np.repeat(np.arange(len(catalogue)), [len(each) for each in drawn])
    return np.concatenate((viewers, *drawn)), np.concatenate((videos, drawn_videos))


def _counts_of_videos(rng: np.random.Generator, catalogue: Catalogue, total: int) -> NDArray[np.int64]:
    """(videos,) good videos got more views, new ones had less time for it."""
    appeal = 0.5 * catalogue.quality + rng.standard_normal(len(catalogue))
    appeal += np.log(np.minimum(catalogue.age / NEW, 1.0))
    counts = np.empty(len(catalogue), np.int64)
    counts[np.argsort(-appeal)] = ranked_counts(len(catalogue), total)
    return counts


def _odds(catalogue: Catalogue, tastes: Tastes, video: int) -> NDArray[np.float64]:
    """(viewers,) log odds that each of them gets to see a video."""
    likes_category = tastes.categories[:, catalogue.category[video]]
    likes_creator = tastes.creators[:, catalogue.creator[video]]
    return tastes.activity + TASTE * likes_category + FAVOURITE_CREATOR * likes_creator


def _ages(rng: np.random.Generator, video_age: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) a video gets most of its views soon after it appears, or after the window opens."""
    span = np.minimum(video_age, WINDOW) - 2 * LATEST
    elapsed = rng.random(len(span)) ** 1.2
    return LATEST + span * (1.0 - elapsed)
