"""`GET /reels/search`: what is found, and in which order."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.utils import timezone

from engagement.models import Block, Like
from reels import catalogue
from reels.models import Creator, Sound, Video

Make = Callable[..., Video]
Titles = Callable[..., list[str]]
Search = Callable[..., Any]


def test_a_video_is_found_by_every_field(make_video: Make, titles: Titles) -> None:
    creator, sound = Creator(id="u-77", name="Grandma Rosa"), Sound(id="s1", name="Kitchen Jazz")
    make_video(
        creator=creator, sound=sound, title="Lentil soup", description="Ready in ten minutes", hashtags=["dinner"]
    )
    for query in ("lentil", "SOUP", "minutes", "dinner", "#dinner", "grandma", "u-77", "jazz", "rosa soup"):
        assert titles(query) == ["Lentil soup"], query
    assert titles("#soup") == []


def test_the_title_counts_more_than_hashtags_names_and_description(make_video: Make, titles: Titles) -> None:
    make_video(title="Something else", description="How to bake bread at home")
    make_video(title="Evening with friends", creator=Creator(id="c2", name="Bread Brothers"))
    make_video(title="Morning in town", hashtags=["bread"])
    make_video(title="Sourdough bread")
    found = titles("bread")
    assert found == ["Sourdough bread", "Morning in town", "Evening with friends", "Something else"]


def test_all_words_come_before_some(make_video: Make, search: Search) -> None:
    make_video(title="Chocolate chocolate chocolate")
    make_video(title="A long story of a trip", description="with chocolate and, at its end, a cake")
    answer = search("chocolate cake")
    assert [video["title"] for video in answer["data"]] == ["A long story of a trip", "Chocolate chocolate chocolate"]
    assert answer["data"][0]["relevance"] >= 2 / 3 > 1 / 3 >= answer["data"][1]["relevance"]


def test_a_video_is_as_in_the_feed_with_its_relevance(make_video: Make, search: Search) -> None:
    video = make_video(title="Soup", hashtags=["dinner"])
    Like.objects.create(user_id="ann", video=video)
    (found,) = search("soup")["data"]
    assert found["id"] == str(video.id) and found["hashtags"] == ["dinner"]
    assert found["liked"] is True and 0 < found["relevance"] <= 1
    assert "ranking_score" not in found and found["view_count"] == 0


def test_a_misspelt_word_is_corrected(make_video: Make, search: Search) -> None:
    make_video(title="Chocolate cake")
    for query in ("choclate cake", "chocolaet cake", "chocolatte cake", "chokolate cake"):
        answer = search(query)
        assert [video["title"] for video in answer["data"]] == ["Chocolate cake"], query
        assert answer["did_you_mean"] == "chocolate cake"


def test_a_rare_real_word_comes_first_and_is_not_corrected_away(make_video: Make, search: Search) -> None:
    make_video(title="Soop opera")
    for number in range(25):
        make_video(title=f"Soup {number}")
    answer = search("soop")
    assert answer["data"][0]["title"] == "Soop opera" and len(answer["data"]) == 26
    assert answer["did_you_mean"] == "soup"


def test_nothing_is_suggested_for_what_finds_enough(make_video: Make, search: Search) -> None:
    for number in range(6):
        make_video(title=f"Soup {number}")
    assert search("soup")["did_you_mean"] is None


def test_the_last_word_may_be_unfinished(make_video: Make, titles: Titles) -> None:
    make_video(title="Chocolate cake")
    assert titles("choc") == titles("cake cho") == ["Chocolate cake"]


def test_words_may_be_written_together_or_apart(make_video: Make, titles: Titles) -> None:
    make_video(title="Icecream at the beach")
    make_video(title="Tomato salad with basil")
    assert titles("ice cream") == ["Icecream at the beach"]
    assert titles("tomatosalad") == ["Tomato salad with basil"]


def test_singular_and_plural_find_each_other(make_video: Make, titles: Titles) -> None:
    make_video(title="Ten recipes")
    make_video(title="One berry")
    assert titles("recipe") == ["Ten recipes"] and titles("berries") == ["One berry"]


def test_accents_and_case_do_not_matter(make_video: Make, titles: Titles) -> None:
    make_video(title="Café Crème in Łódź, Straße 5")
    for query in ("cafe creme", "CAFÉ", "lodz", "strasse", "STRAẞE"):
        assert titles(query) == ["Café Crème in Łódź, Straße 5"], query


def test_other_scripts_are_searched(make_video: Make, titles: Titles) -> None:
    make_video(title="在家做红烧牛肉面的方法")
    make_video(title="東京のラーメンを食べる")
    make_video(title="วิธีทำผัดไทยง่ายๆ")
    make_video(title="Как испечь чёрный хлеб")
    make_video(title="طريقة عمل الكَعْك")
    make_video(title="घर पर चाय बनाना")
    make_video(title="서울에서 떡볶이 먹기")
    for query, title in (
        ("牛肉面", "在家做红烧牛肉面的方法"), ("ラーメン", "東京のラーメンを食べる"), ("ผัดไทย", "วิธีทำผัดไทยง่ายๆ"),
        ("черный хлеб", "Как испечь чёрный хлеб"), ("الكعك", "طريقة عمل الكَعْك"), ("चाय", "घर पर चाय बनाना"),
        ("떡볶이", "서울에서 떡볶이 먹기"),
    ):  # fmt: skip
        assert titles(query)[:1] == [title], query


def test_filters_are_exact(make_video: Make, titles: Titles) -> None:
    make_video(title="Soup one", creator_id="ada", category="cooking", age=dt.timedelta(days=10))
    make_video(title="Soup two", creator_id="ben", category="travel", age=dt.timedelta(days=1))
    day = (timezone.now() - dt.timedelta(days=10)).date().isoformat()
    assert titles("soup", creator_id="ada") == ["Soup one"]
    assert titles("soup", category="travel") == ["Soup two"]
    assert titles("soup", date_from=day, date_to=day) == ["Soup one"]
    assert titles("soup", date_from=(timezone.now() - dt.timedelta(days=2)).isoformat()) == ["Soup two"]


def test_what_changes_is_found_by_its_new_words_alone(make_video: Make, titles: Titles) -> None:
    video = make_video(title="Soup")
    assert titles("soup") == ["Soup"]
    video.title = "Cake"
    catalogue.save([video])
    assert titles("soup") == [] and titles("cake") == ["Cake"]


def test_what_is_unpublished_or_deleted_is_not_found(make_video: Make, titles: Titles) -> None:
    hidden, deleted = make_video(title="Soup one"), make_video(title="Soup two")
    assert len(titles("soup")) == 2
    catalogue.set_published(Video.objects.filter(id=hidden.id), is_published=False)
    Video.objects.filter(id=deleted.id).delete()
    catalogue.changed([deleted.id])
    assert titles("soup") == []
    catalogue.set_published(Video.objects.filter(id=hidden.id), is_published=True)
    assert titles("soup") == ["Soup one"]


def test_videos_of_blocked_creators_are_not_shown(make_video: Make, titles: Titles) -> None:
    make_video(title="Soup one", creator_id="ada")
    make_video(title="Soup two", creator_id="ben")
    Block.objects.create(user_id="ann", creator_id="ada")
    assert titles("soup") == ["Soup two"] and len(titles("soup", user="bob")) == 2
