"""How good search is, on queries whose answers are known; the figures are printed (`-s`)."""

import random
import statistics
import uuid
from collections.abc import Iterable

import pytest

from ranking.search import dictionary, finding, indexing
from ranking.search.retrieval import Filters
from reels import catalogue
from tests.ranking.search_quality import judged
from tests.ranking.search_quality.judged import Grades, World

TOP = 10
SEEDS = (1,)


@pytest.fixture
def world(engines: None) -> World:
    world = judged.make(random.Random(7))
    catalogue.save(world.videos)
    indexing.index_due(seconds=120)
    dictionary.words.forget()
    return world


def test_a_misspelling_costs_less_than_a_tenth_of_the_quality(world: World) -> None:
    clean = [(query, query) for query in world.queries]
    wrong = [(query, made) for seed in SEEDS for query in world.queries if (made := _misspelt(seed, query))]
    good, _ = _quality(world, clean)
    comparable, _ = _quality(world, [(query, query) for query, _ in wrong])
    poor, nothing = _quality(world, wrong)
    print(  # noqa: T201 - the figures are what this is for
        f"\n{len(world.videos)} videos; nDCG@{TOP} of {len(clean)} clean queries {good:.3f}; of {len(wrong)} misspelt "
        f"ones {poor:.3f} (spelt right {comparable:.3f}); {nothing:.1%} of those find nothing"
    )
    assert good > 0.9
    assert poor > 0.9 * comparable
    assert nothing < 0.05


def _misspelt(seed: int, query: str) -> str | None:
    return judged.misspelt(random.Random(f"{seed} {query}"), query)


def _quality(world: World, queries: Iterable[tuple[str, str]]) -> tuple[float, float]:
    """Mean nDCG, and the share that found nothing at all."""
    found = [(world.queries[query], _top(asked)) for query, asked in queries]
    return statistics.mean(_ndcg(*each) for each in found), statistics.mean(not videos for _, videos in found)


def _top(query: str) -> list[uuid.UUID]:
    return finding.video_ids(finding.search(query, Filters()).results[:TOP])


def _ndcg(grades: Grades, videos: list[uuid.UUID]) -> float:
    best = judged.dcg(iter(sorted(grades.values(), reverse=True)[:TOP]))
    return judged.dcg(grades.get(each, 0) for each in videos) / best
