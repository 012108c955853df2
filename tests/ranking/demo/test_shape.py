"""The demo's history against the figures of real viewing, at its default size."""

import datetime as dt
from collections import Counter
from statistics import mean, median

import pytest

from ranking.demo import generator
from ranking.demo.size import Size
from ranking.demo.words import BY_CATEGORY
from tests.ranking.demo.worlds import NOW, VIDEO_KINDS, World


@pytest.mark.parametrize(
    ("kind", "percent"), [("like", 1.7), ("comment", 0.27), ("share", 0.09), ("not_interested", 0.09)]
)
def test_a_view_is_followed_by_a_reaction_as_often_as_in_real_history(world: World, kind: str, percent: float) -> None:
    assert 100 * len(world.of(kind)) / len(world.of("watch")) == pytest.approx(percent, rel=0.03)


def test_half_of_the_views_stay_under_a_tenth_and_fifteen_percent_reach_the_end(world: World) -> None:
    completions = [view["completion_percent"] for view in world.of("watch")]
    assert mean(each < 10 for each in completions) == pytest.approx(0.50, abs=0.01)
    assert mean(each == 100 for each in completions) == pytest.approx(0.15, abs=0.01)
    assert min(completions) >= 0
    assert max(completions) == 100


def test_the_top_tenth_of_videos_has_58_percent_of_views(world: World) -> None:
    counts = sorted(Counter(view["video_id"] for view in world.of("watch")).values(), reverse=True)
    top = counts[: len(world.videos) // 10]
    assert sum(top) / sum(counts) == pytest.approx(0.58, abs=0.02)


def test_titles_have_82_characters_and_videos_5_hashtags_in_the_median(world: World) -> None:
    titles = [video["title"] for video in world.videos.values()]
    assert median(map(len, titles)) == pytest.approx(82, abs=3)
    assert median(len(video["hashtags"]) for video in world.videos.values()) == 5


def test_titles_and_hashtags_are_varied(world: World) -> None:
    titles = Counter(video["title"] for video in world.videos.values())
    assert len(titles) > 0.9 * len(world.videos)
    assert titles.most_common(1)[0][1] <= 5
    assert len({tag for video in world.videos.values() for tag in video["hashtags"]}) > 100


def test_hashtags_are_bare_lower_case_and_different_within_a_video(world: World) -> None:
    for video in world.videos.values():
        tags = video["hashtags"]
        assert len(set(tags)) == len(tags)
        assert all(tag.isalnum() and tag == tag.lower() for tag in tags)


def test_durations_run_from_7_to_56_seconds(world: World) -> None:
    durations = [video["duration_seconds"] for video in world.videos.values()]
    assert min(durations) == 7
    assert max(durations) == 56
    assert 15 < median(durations) < 25


def test_there_are_as_many_of_everything_as_asked_for(world: World) -> None:
    size = Size()
    assert len(world.videos) == size.videos == 2_000
    assert len({video["creator_id"] for video in world.videos.values()}) == 150
    assert len({event["user_id"] for event in world.events}) == size.viewers == 500
    assert len(world.events) == pytest.approx(size.events, abs=10)


def test_every_category_has_its_share_of_videos(world: World) -> None:
    counts = Counter(video["category"] for video in world.videos.values())
    assert set(counts) == set(BY_CATEGORY)
    assert 10 <= len(counts) <= 14
    assert min(counts.values()) > len(world.videos) / len(counts) / 2


def test_videos_are_up_to_60_days_old_with_plenty_of_the_last_three(world: World) -> None:
    ages = [world.age(video) for video in world.videos.values()]
    assert max(ages) == dt.timedelta(days=60)
    assert min(ages) > dt.timedelta(0)
    assert mean(age < dt.timedelta(days=3) for age in ages) == pytest.approx(0.2, abs=0.05)


def test_the_first_video_tells_the_time_of_the_run(world: World) -> None:
    first = world.videos[generator.FIRST_VIDEO]
    assert dt.datetime.fromisoformat(first["created_at"]) + generator.AGE_OF_FIRST_VIDEO == NOW


def test_nothing_happens_before_its_video_or_after_now_or_over_30_days_ago(world: World) -> None:
    assert all(dt.timedelta(0) < world.age(event) < dt.timedelta(days=30) for event in world.events)
    on_videos = [event for event in world.events if event["kind"] in VIDEO_KINDS]
    assert all(world.age(event) < world.age(world.video_of(event)) for event in on_videos)


def test_history_reaches_back_30_days_and_up_to_now(world: World) -> None:
    days = Counter(world.age(event).days for event in world.of("watch"))
    assert set(days) == set(range(30))
    assert min(days.values()) > 500


def test_watch_time_is_told_for_some_views_under_a_second_and_agrees_with_completion(world: World) -> None:
    told = [view for view in world.of("watch") if "watch_ms" in view]
    assert 0.01 < len(told) / len(world.of("watch")) < 0.06
    for view in told:
        played = world.video_of(view)["duration_seconds"] * view["completion_percent"] * 10
        assert view["watch_ms"] == pytest.approx(played, abs=1)
        assert view["watch_ms"] < 1000
