"""The scores, on worlds whose answers are known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trending import scoring
from trending.scoring import (
    FAST,
    FEWEST_CREATORS,
    FEWEST_PEOPLE,
    HORIZON,
    RISES_FROM,
    SLOW,
    Clock,
    Faded,
    Floats,
    Now,
    Past,
)

CREATORS = 10
RATES = st.integers(0, 10**6)


def came(rates: list[float], **given: Any) -> Now:
    """Items to which so many people an hour came, steadily, to the videos of ten creators alike."""
    rate = np.array(rates, np.float64)
    columns = {"people": rate * HORIZON, "creators": np.full(len(rate), float(CREATORS))}
    columns |= {name: np.array(value, np.float64) for name, value in given.items()}
    return Now(**columns, faded=(steady(FAST, rate), steady(SLOW, rate)))


def steady(clock: Clock, rate: Floats) -> Faded:
    people = rate * clock.exposure
    return Faded(clock, people, people, people / CREATORS)


def past(rates: list[float], hours: int = 168) -> Past:
    return Past(np.array(rates, np.float64) * hours, hours)


GIANTS = [5_000.0, 2_000.0, 800.0, 300.0]


def test_giants_that_are_as_big_as_ever_do_not_rise() -> None:
    assert scoring.rising(came(GIANTS), [past(GIANTS)]).tolist() == [0] * 4
    assert all(np.all(np.abs(scoring.surplus(each, past(GIANTS))) < 0.5) for each in came(GIANTS).faded)


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
    assert all(scoring.surplus(each, past(before))[-1] < -1 for each in came(now).faded)
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
    people = np.array(GIANTS) * FAST.exposure
    assert scoring.tide(100 * people, FAST, past(GIANTS)) == scoring.HIGHEST_TIDE
    assert scoring.tide(0 * people, FAST, past(GIANTS)) == scoring.LOWEST_TIDE
    assert scoring.tide(people, FAST, past([0.0] * 4)) == 1


def test_a_few_bursts_do_not_make_a_tide() -> None:
    rates = np.array([100.0] * 20)
    people = rates * FAST.exposure
    people[:3] *= 50
    assert scoring.tide(people, FAST, past(list(rates))) == pytest.approx(1)


@pytest.mark.parametrize(("people", "creators"), [(FEWEST_PEOPLE - 1, CREATORS), (500, FEWEST_CREATORS - 1)])
def test_few_people_or_few_creators_are_no_trend(people: int, creators: int) -> None:
    now = came([*GIANTS, 400.0], people=[10_000, 4_000, 1_600, 600, people], creators=[9, 9, 9, 9, creators])
    assert scoring.rising(now, [past([*GIANTS, 0.0])])[-1] == 0


def test_a_crowd_that_looks_at_one_creators_videos_gains_nothing() -> None:
    """Five people came to others' videos, five hundred accounts to those of one creator."""
    counts = came([250.0], people=[505], creators=[6])
    puppets, spread = (
        replace(counts, faded=(Faded(FAST, *np.array([[505.0], [505.0], [leader]])),)) for leader in (500.0, 100.0)
    )
    assert scoring.came(puppets.faded[0]).tolist() == [10]
    assert scoring.rising(puppets, [past([10.0])]).tolist() == [0]
    assert scoring.rising(spread, [past([10.0])])[0] > 0


def test_only_one_creator_is_nobody() -> None:
    assert scoring.came(Faded(FAST, *np.array([[50.0], [100.0], [100.0]]))).tolist() == [0]


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


@pytest.mark.parametrize("clock", [FAST, SLOW])
def test_a_steady_stream_comes_to_what_a_clock_says(clock: Clock) -> None:
    ages = np.linspace(0, HORIZON, 200_001)
    weights = 2 ** (-ages / clock.half_life)
    assert clock.exposure == pytest.approx(np.trapezoid(weights, ages))
    assert clock.spread == pytest.approx(np.trapezoid(weights**2, ages) / clock.exposure)


def test_a_slow_climb_of_something_small_shows_on_the_slow_clock() -> None:
    now = came([*GIANTS, 25.0])
    fast, slow = (replace(now, faded=(each,)) for each in now.faded)
    before = [past([*GIANTS, 0.0])]
    assert scoring.rising(fast, before)[-1] == 0
    assert scoring.rising(slow, before)[-1] == scoring.rising(now, before)[-1] > 0


def test_steady_small_items_hardly_ever_rise_by_chance() -> None:
    rng = np.random.default_rng(5)
    rates = rng.uniform(1, 60, 5_000)
    ages = [rng.uniform(0, HORIZON, number) for number in rng.poisson(rates * HORIZON)]
    now = came(list(rates), people=[len(each) for each in ages])
    drawn = [replace(each, decayed=drawn_by(each.clock, ages), visits=drawn_by(each.clock, ages)) for each in now.faded]
    seen = Past(rng.poisson(rates * 24).astype(float), 24)
    assert np.count_nonzero(scoring.rising(replace(now, faded=tuple(drawn)), [seen])) <= 1


def drawn_by(clock: Clock, ages: list[Floats]) -> Floats:
    return np.array([np.sum(2 ** (-each / clock.half_life)) for each in ages])


def test_growth_is_absolute_and_relative() -> None:
    followers = np.array([3.0, 300.0, 1_100.0, 1_010_000.0, 1_000_100.0, 50.0])
    gained = np.array([2.0, 100.0, 100.0, 10_000.0, 100.0, -5.0])
    scores = scoring.growth(followers, gained)
    tiny, small, middle, giant, slow, falling = scores
    assert giant > small > middle > tiny > slow > falling == 0


def test_who_has_lost_most_of_their_followers_since_does_not_break_the_formula() -> None:
    assert scoring.growth(np.array([1.0]), np.array([5.0])).tolist() == [0.5]
