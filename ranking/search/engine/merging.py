"""One list of several: what has all words as they were asked, what has them once corrected, and what has some."""

from collections.abc import Iterable
from typing import NamedTuple

BANDS = 3
AS_ASKED, CORRECTED, SOME = 2, 1, 0


class Result(NamedTuple):
    """`relevance` lies in [0, 1]: in the upper third for a video with all words as asked, in the middle one with all
    words corrected, in the lower one with some."""

    relevance: float
    video_id: bytes


def relevance(band: int, score: float) -> float:
    return min((band + score) / BANDS, (band + 1) / BANDS)


def merge(results: Iterable[Result], most: int) -> list[Result]:
    """The best first, equal ones by smaller id, each video once at its best."""
    best: dict[bytes, float] = {}
    for each in results:
        best[each.video_id] = max(each.relevance, best.get(each.video_id, 0.0))
    ordered = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
    return [Result(score, video_id) for video_id, score in ordered[:most]]
