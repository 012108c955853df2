"""GET and PUT /me/preferences, and the feed of people who want nothing of themselves in it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from engagement.events import Event
from engagement.models import Preferences
from ranking import publishing, services
from ranking.models import WeightSet
from reels.models import Video
from tests.conftest import API

Clients = Callable[..., APIClient]
MakeVideo = Callable[..., Video]
URL = f"{API}/me/preferences"


def test_feeds_are_personalised_until_somebody_says_otherwise(client_of: Clients, engines: None) -> None:
    ann = client_of("ann")
    assert ann.get(URL).json() == {"personalized": True}
    assert ann.put(URL, {"personalized": False, "theme": "dark"}).json() == {"personalized": False}
    assert ann.get(URL).json() == {"personalized": False}
    assert client_of("ben").get(URL).json() == {"personalized": True}


@pytest.mark.parametrize("body", [{}, {"personalized": None}, {"personalized": "false"}, {"personalized": 0}, []])
def test_only_true_or_false_will_do(client_of: Clients, engines: None, body: Any) -> None:
    answer = client_of("ann").put(URL, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not Preferences.objects.exists()


def test_a_change_builds_the_next_first_page_anew(client_of: Clients, make_video: MakeVideo) -> None:
    make_video()
    ann = client_of("ann")
    seen = []
    for personalized in (True, False, False, True):
        ann.put(URL, {"personalized": personalized})
        answer = ann.get(f"{API}/reels")
        seen.append((answer["X-Cache"], answer["X-Feed-Variant"]))
    assert seen == [("MISS", "ranked"), ("MISS", "unpersonalized"), ("HIT", "unpersonalized"), ("MISS", "ranked")]


def test_without_personalisation_a_feed_is_a_strangers_but_for_the_blocked_and_ones_own(
    client_of: Clients, make_video: MakeVideo, make_events: Callable[..., list[Event]], plain_ranking: WeightSet
) -> None:
    for number in range(20):
        make_video(creator_id=f"creator-{number % 10}", age=dt.timedelta(hours=number))
    make_video(creator_id="ann")
    blocked = make_video(creator_id="pest")
    videos = list(Video.objects.exclude(creator_id__in=["ann", "pest"]).order_by("created_at"))
    ann = client_of("ann")
    make_events(videos[0], "watch", ["ann"], completion_percent=90)
    ann.post(f"{API}/reels/{videos[1].id}/like")
    ann.post(f"{API}/reels/{videos[2].id}/not-interested")
    ann.post(f"{API}/creators/{videos[3].creator_id}/follow")
    ann.post(f"{API}/creators/pest/block")
    ann.put(URL, {"personalized": False})
    publishing.refresh()
    mine = ann.get(f"{API}/reels").json()
    others = [
        video
        for video in client_of("stranger").get(f"{API}/reels").json()["data"]
        if video["id"] != str(blocked.id) and video["creator_id"] != "ann"
    ]
    assert [video["id"] for video in mine["data"]] == [video["id"] for video in others]
    assert [video["ranking_score"] for video in mine["data"]] == pytest.approx(
        [video["ranking_score"] for video in others], abs=1e-4
    )
    assert {video["id"] for video in mine["data"] if video["liked"]} == {str(videos[1].id)}


@pytest.mark.parametrize(("percent", "variant"), [(100, "unpersonalized"), (0, "newest")])
def test_without_personalisation_what_is_watched_stays_and_whom_one_blocks_goes(
    client_of: Clients, make_video: MakeVideo, percent: int, variant: str
) -> None:
    services.set_flag(name="use_new_feed_ranking", percent=Decimal(percent))
    for _ in range(40):
        make_video()
    ann = client_of("ann")
    ann.put(URL, {"personalized": False})
    first = ann.get(f"{API}/reels", {"limit": 30})
    assert first["X-Feed-Variant"] == variant
    watched, pest, *_ = first.json()["data"]
    ann.post(f"{API}/reels/{watched['id']}/watch", {"completion_percent": 90})
    again = ann.get(f"{API}/reels", {"limit": 30})
    assert (again["X-Cache"], again.json()["total_count"]) == ("HIT", 40)
    assert again.json()["data"][0]["id"] == watched["id"]
    ann.post(f"{API}/creators/{pest['creator_id']}/block")
    assert pest["id"] not in [video["id"] for video in ann.get(f"{API}/reels").json()["data"]]
