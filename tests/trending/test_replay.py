"""A day of events replayed: what the list of what rises says at every refresh, against what is known to have risen."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pytest
from django.utils import timezone

from tests.trending import replay
from tests.trending.replay import BURSTS, FIRST_TICK, HOURS, NEVER_RISING
from trending import audience, lists, past, samples
from trending.kinds import HASHTAG, SOUND

MINUTES = 60
REFRESH = 5 / MINUTES  # hours
AFTERGLOW = 1.0  # hours after its end that a burst may still be listed
Listed = Mapping[float, Mapping[str, float]]  # tags with their scores, by tick


@pytest.fixture
def beginning(engines: None) -> dt.datetime:
    """Of the first day: the second ends with the last full hour."""
    start = timezone.now().replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=HOURS)
    replay.insert(replay.make(seed=3), start)
    past.sum_hours()
    return start


def rising_at(beginning: dt.datetime, hours: float) -> dict[str, float]:
    now = beginning + dt.timedelta(hours=hours)
    return {row.item: score for row, score in lists.rising(HASHTAG, now).items() if row.category == ""}


def lead_times(listed: Listed) -> dict[str, float]:
    """Minutes from the start of each burst to the first refresh that lists it; those never listed are missing."""
    found = {}
    for burst in BURSTS:
        ticks = [tick for tick, tags in listed.items() if burst.start <= tick < burst.end and burst.tag in tags]
        if ticks:
            found[burst.tag] = (min(ticks) - burst.start) * MINUTES
    return found


def is_right(tag: str, tick: float) -> bool:
    return any(each.tag == tag and each.start <= tick <= each.end + AFTERGLOW for each in BURSTS)


def test_bursts_are_found_within_ten_minutes_and_nothing_else(beginning: dt.datetime) -> None:
    ticks = np.arange(FIRST_TICK, HOURS, REFRESH)
    listed = {tick: rising_at(beginning, tick) for tick in ticks.tolist()}
    entries = [(tag, tick) for tick, tags in listed.items() for tag in tags]
    leads = lead_times(listed)
    precision = sum(is_right(*each) for each in entries) / len(entries)
    recall = len(leads) / len(BURSTS)
    print(f"\nprecision {precision:.3f}, recall {recall:.2f}, minutes from start: {leads}")  # noqa: T201
    assert not {tag for tag, _ in entries} & NEVER_RISING
    assert recall == 1
    assert max(leads.values()) <= 10
    assert precision >= 0.95


def test_a_burst_leads_the_list_of_its_sounds_and_of_its_category(beginning: dt.datetime) -> None:
    now = beginning + dt.timedelta(hours=BURSTS[0].start + 1)
    content = lists.build(SOUND, now)
    for category in ("", "music"):
        top = content["lists"][category]["rising"][0]
        assert (top["item"], top["score"] > 4) == ("sound-of-new-fast", True)
        assert len(top["videos"]) == 5


def test_the_most_used_are_the_giants_and_not_what_rises(beginning: dt.datetime) -> None:
    content = lists.build(HASHTAG, beginning + dt.timedelta(hours=HOURS))
    counts = [entry["count"] for entry in content["lists"][""]["usage"]]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) == len(replay.STEADY) + len(BURSTS) + 4


def test_as_many_items_as_there_may_be_fit_into_a_statement(engines: None) -> None:
    keys = list(range(2**64 - 25_000, 2**64))
    assert len(past.of(HASHTAG, timezone.now(), keys[: audience.MOST])) == 4
    assert samples.of(HASHTAG, timezone.now(), keys) == {}
