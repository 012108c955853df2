"""The demo is made again from its seed, in any size that a history can have."""

import datetime as dt

import pytest

from ranking.demo.generator import Record
from ranking.demo.size import Size, SizeError
from ranking.demo.tastes import GUESTS
from ranking.demo.views import ranked_counts
from ranking.demo.words import BY_CATEGORY
from ranking.demo.words.category import Words
from tests.ranking.demo.worlds import NOW, SMALL, make


def test_the_same_seed_and_time_give_the_same_records() -> None:
    assert make(SMALL, 7) == make(SMALL, 7)


def test_another_seed_gives_another_history() -> None:
    one, other = make(SMALL, 7), make(SMALL, 8)
    assert one.events != other.events
    assert {v["title"] for v in one.videos.values()} != {v["title"] for v in other.videos.values()}


def test_a_later_now_moves_every_time_by_as_much_and_changes_nothing_else() -> None:
    later = dt.timedelta(days=3, seconds=5)

    def moved(record: Record, name: str) -> Record:
        return record | {name: (dt.datetime.fromisoformat(record[name]) + later).isoformat()}

    before, after = make(SMALL, 7), make(SMALL, 7, NOW + later)
    assert [moved(video, "created_at") for video in before.videos.values()] == list(after.videos.values())
    assert [moved(event, "occurred_at") for event in before.events] == after.events


@pytest.mark.parametrize("size", [Size(200, 20, 200), Size(240, 400, 7_000), SMALL])
def test_small_worlds_can_be_made_too(size: Size) -> None:
    small = make(size, 1)
    assert len(small.videos) == size.videos
    assert len(small.events) == pytest.approx(size.events, rel=0.15)
    assert set(GUESTS) <= {event["user_id"] for event in small.events}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"videos": 199}, "videos must be at least 200"),
        ({"viewers": 19}, "viewers must be at least 20"),
        ({"events": 199}, "events must be at least 200"),
        ({"events": 80_001}, "room for 80,000 events at most"),
    ],
)
def test_a_size_that_no_history_can_have_is_refused(given: dict[str, int], said: str) -> None:
    with pytest.raises(SizeError, match=said):
        Size(**given)


def test_ranked_counts_fall_and_add_up() -> None:
    counts = ranked_counts(2_000, 58_000)
    assert counts.sum() == 58_000
    assert counts[:50].min() >= counts[-50:].max()
    assert counts[:200].sum() / 58_000 == pytest.approx(0.58, abs=0.001)


@pytest.mark.parametrize("words", BY_CATEGORY.values(), ids=BY_CATEGORY)
def test_every_category_has_words_for_varied_titles(words: Words) -> None:
    assert all(opening.count("{}") == 1 for opening in words.openings)
    combinations = len(words.openings) * len(words.subjects) * len(words.details)
    assert combinations > 500
    assert len(set(words.tags)) == len(words.tags) >= 10
