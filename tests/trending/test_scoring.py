"""The scores, on worlds whose answers are known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trending import scoring
from trending.scoring import EXPOSURE, FEWEST_CREATORS, FEWEST_PEOPLE, HORIZON, RISES_FROM, Now, Past

CREATORS = 10
RATES = st.integers(0, 10**6)


def came(rates: list[float], **given: Any) -> Now:
    """Items to which so many people an hour came, steadily, to the videos of ten creators alike."""
    rate = np.array(rates, np.float64)
    people = rate * HORIZON
    columns = {
        "decayed": rate * EXPOSURE,
        "people": people,
        "creators": np.full(len(rate), float(CREATORS)),
        "visits": people,
        "leader": people / CREATORS,
    }
    return Now(**(columns | {name: np.array(value, np.float64) for name, value in given.items()}))


def past(rates: list[float], hours: int = 168) -> Past:
    return Past(np.array(rates, np.float64) * hours, hours)


GIANTS = [5_000.0, 2_000.0, 800.0, 300.0]


def test_giants_that_are_as_big_as_ever_do_not_rise() -> None:
    assert scoring.rising(came(GIANTS), [past(GIANTS)]).tolist() == [0] * 4
    assert np.all(np.abs(scoring.surplus(came(GIANTS).decayed, past(GIANTS))) < 0.5)


def test_something_new_that_many_come_to_rises() -> None:
    scores = scoring.rising(came([*GIANTS, 100.0]), [past([*GIANTS, 0.0])])
    assert scores[-1] > RISES_FROM
    assert not scores[:-1].any()


def test_a_giant_rises_when_it_more_than_doubles() -> None:
    now, before = [*GIANTS, 1_500.0, 700.0], [*GIANTS, 500.0, 500.0]
    scores = scoring.rising(came(now), [past(before)])
    assert (scores > 0).tolist() == [False] * 4 + [True, False]


def test_what_is_dying_has_less_than_no_surplus() -> None:
    now, before = [*GIANTS, 100.0], [*GIANTS, 400.0]
    assert scoring.surplus(came(now).decayed, past(before))[-1] < -1
    assert scoring.rising(came(now), [past(before)])[-1] == 0


def test_the_past_that_expects_most_decides() -> None:
    """What was big in its last hours is no news, however small its week was."""
    now, week, last_hours = came([*GIANTS, 100.0]), past([*GIANTS, 1.0]), past([*GIANTS, 150.0], hours=6)
    assert scoring.rising(now, [week])[-1] > 0
    assert scoring.rising(now, [week, last_hours])[-1] == 0


def test_a_past_nobody_observed_says_nothing() -> None:
    now, week, empty = came([*GIANTS, 100.0]), past([*GIANTS, 1.0]), past([0.0] * 5, hours=0)
    assert scoring.rising(now, [week, empty]).tolist() == scoring.rising(now, [week]).tolist()


def test_without_any_past_nothing_is_known_to_rise() -> None:
    assert scoring.rising(came(GIANTS), [past([0.0] * 4, hours=0)]).tolist() == [0] * 4
    assert scoring.rising(came(GIANTS), []).tolist() == [0] * 4


def test_nothing_has_no_scores() -> None:
    assert scoring.rising(came([]), [past([])]).tolist() == []


def test_a_morning_lifts_everything_and_is_no_news_of_anything() -> None:
    before, now = [*GIANTS, 100.0], [*(3 * each for each in GIANTS), 300.0]
    assert not scoring.rising(came(now), [past(before)]).any()


def test_what_rises_above_the_tide_is_still_found() -> None:
    before, now = [*GIANTS, 100.0], [*(3 * each for each in GIANTS), 1_500.0]
    assert (scoring.rising(came(now), [past(before)]) > 0).tolist() == [False] * 4 + [True]


def test_the_tide_has_its_limits_and_is_none_where_nothing_was_before() -> None:
    rates = np.array(GIANTS)
    assert scoring.tide(100 * rates * EXPOSURE, past(GIANTS)) == scoring.HIGHEST_TIDE
    assert scoring.tide(0 * rates, past(GIANTS)) == scoring.LOWEST_TIDE
    assert scoring.tide(rates, past([0.0] * 4)) == 1


def test_a_few_bursts_do_not_make_a_tide() -> None:
    rates = np.array([100.0] * 20)
    decayed = rates * EXPOSURE
    decayed[:3] *= 50
    assert scoring.tide(decayed, past(list(rates))) == pytest.approx(1)


@pytest.mark.parametrize(("people", "creators"), [(FEWEST_PEOPLE - 1, CREATORS), (500, FEWEST_CREATORS - 1)])
def test_few_people_or_few_creators_are_no_trend(people: int, creators: int) -> None:
    now = came([*GIANTS, 400.0], people=[10_000, 4_000, 1_600, 600, people], creators=[9, 9, 9, 9, creators])
    assert scoring.rising(now, [past([*GIANTS, 0.0])])[-1] == 0


def test_a_crowd_that_looks_at_one_creators_videos_gains_nothing() -> None:
    """Five people came to others' videos, five hundred accounts to those of one creator."""
    puppets = came([500.0], people=[505], creators=[6], visits=[505], leader=[500])
    spread = came([500.0], people=[505], creators=[6], visits=[505], leader=[100])
    assert scoring.without_leader(puppets).tolist() == pytest.approx([10 / 505])
    assert scoring.rising(puppets, [past([5.0])]).tolist() == [0]
    assert scoring.rising(spread, [past([5.0])])[0] > 0


def test_only_one_creator_is_nobody() -> None:
    assert scoring.without_leader(came([50.0], visits=[100], leader=[100])).tolist() == [0]


@given(st.lists(RATES, min_size=1, max_size=20), st.lists(RATES, min_size=20, max_size=20))
def test_scores_are_finite_and_never_negative(now: list[int], before: list[int]) -> None:
    scores = scoring.rising(came([*map(float, now)]), [past([*map(float, before[: len(now)])])])
    assert np.all(np.isfinite(scores)) and np.all(scores >= 0)


@given(st.permutations(range(5)))
def test_the_order_of_rows_changes_no_score(order: list[int]) -> None:
    now, before = np.array([*GIANTS, 100.0]), np.array([*GIANTS, 3.0])
    scores = scoring.rising(came(list(now)), [past(list(before))])
    moved = scoring.rising(came(list(now[order])), [past(list(before[order]))])
    assert moved.tolist() == pytest.approx(scores[order].tolist())


def test_weights_of_a_steady_stream_are_what_the_constants_say() -> None:
    ages = np.linspace(0, HORIZON, 200_001)
    weights = 2 ** (-ages / scoring.HALF_LIFE)
    assert pytest.approx(np.trapezoid(weights, ages)) == EXPOSURE
    assert pytest.approx(np.trapezoid(weights**2, ages) / EXPOSURE) == scoring.SPREAD


def test_steady_small_items_hardly_ever_rise_by_chance() -> None:
    rng = np.random.default_rng(5)
    rates = rng.uniform(1, 60, 2_000)
    people = rng.poisson(rates * HORIZON).astype(float)
    decayed = np.array([np.sum(2 ** (-rng.uniform(0, HORIZON, int(each)) / scoring.HALF_LIFE)) for each in people])
    now = came(list(rates), decayed=decayed, people=people)
    seen = Past(rng.poisson(rates * 24).astype(float), 24)
    assert np.count_nonzero(scoring.rising(now, [seen])) == 0


def test_growth_is_absolute_and_relative() -> None:
    followers = np.array([3.0, 300.0, 1_100.0, 1_010_000.0, 1_000_100.0, 50.0])
    gained = np.array([2.0, 100.0, 100.0, 10_000.0, 100.0, -5.0])
    scores = scoring.growth(followers, gained)
    tiny, small, middle, giant, slow, falling = scores
    assert giant > small > middle > tiny > slow > falling == 0


def test_who_has_lost_most_of_their_followers_since_does_not_break_the_formula() -> None:
    assert scoring.growth(np.array([1.0]), np.array([5.0])).tolist() == [0.5]
