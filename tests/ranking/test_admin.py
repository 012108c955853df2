"""The Django admin: what staff tune, and what they cannot break."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from ranking import settings
from ranking.admin import WeightSetAdmin
from ranking.models import FeatureFlag, WeightSet
from reels.models import Video
from tests.conftest import API
from tests.ranking.admin_pages import act, page, pages

WEIGHT_SET = {
    "name": "default", "freshness": 0.15, "completion": 0.4, "engagement": 0.25, "affinity": 0.15, "deep": 0.05,
    "freshness_curve": "gentle", "prior_views": 50, "creator_decay": 0.85, "exploration_share": 0.05, "diversity": "on",
}  # fmt: skip
pytestmark = pytest.mark.usefixtures("engines")


@pytest.fixture
def default() -> WeightSet:
    return WeightSet.objects.get(name="default")


def in_another_thread(call: Callable[[], object]) -> None:
    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


@pytest.mark.parametrize("what", ["add", "change"])
def test_weights_that_do_not_sum_to_one_are_refused_in_the_form(
    admin_client: Client, default: WeightSet, what: str
) -> None:
    where = page(default) if what == "change" else pages(WeightSet, "add")
    answer = admin_client.post(where, WEIGHT_SET | {"name": "heavy", "freshness": 0.5})
    assert answer.status_code == 200
    assert "weights must sum to 1" in answer.content.decode()
    assert list(WeightSet.objects.values_list("name", "freshness")) == [("default", 0.15)]


def test_changed_weights_rank_the_next_feed(
    admin_client: Client, default: WeightSet, make_video: Callable[..., Video], client_of: Callable[..., APIClient]
) -> None:
    make_video()
    client_of("ann").get(f"{API}/reels")  # this process now remembers the weights
    changed = WEIGHT_SET | {"freshness": 1, "completion": 0, "engagement": 0, "affinity": 0, "deep": 0}
    assert admin_client.post(page(default), changed).status_code == 302
    (video,) = client_of("eve", admin=True).get(f"{API}/reels", {"explain": "1"}).json()["data"]
    assert video["explain"]["weights"]["freshness"] == 1
    assert video["ranking_score"] == pytest.approx(video["explain"]["signals"]["freshness"], abs=1e-4)


def test_a_feed_built_while_weights_are_being_saved_does_not_keep_the_old_ones(
    admin_client: Client, default: WeightSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The admin writes its log in the same transaction, after the change and before the commit."""
    monkeypatch.setattr(WeightSetAdmin, "log_change", lambda *given: in_another_thread(settings.weight_set.get))
    admin_client.post(page(default), WEIGHT_SET | {"prior_views": 7})
    assert settings.weight_set.get().prior_views == 7


def test_activating_a_set_in_the_list_deactivates_the_other(admin_client: Client) -> None:
    answer = act(admin_client, "activate", WeightSet.objects.create(name="new"))
    assert "Feeds are ranked with new" in answer.content.decode()
    assert dict(WeightSet.objects.values_list("name", "is_active")) == {"default": False, "new": True}
    assert settings.weight_set.get().name == "new"


def test_two_sets_are_not_activated_at_once(admin_client: Client, default: WeightSet) -> None:
    answer = act(admin_client, "activate", default, WeightSet.objects.create(name="new"))
    assert "Choose one weight set" in answer.content.decode()
    assert dict(WeightSet.objects.values_list("name", "is_active")) == {"default": True, "new": False}


def test_an_unsound_set_is_not_activated_and_the_reason_shown(admin_client: Client) -> None:
    answer = act(admin_client, "activate", WeightSet.objects.create(name="unsound", freshness=1))
    assert "Weights must sum to 1" in answer.content.decode()
    assert WeightSet.objects.get(is_active=True).name == "default"


def test_the_active_set_cannot_be_deleted_and_others_can(admin_client: Client, default: WeightSet) -> None:
    spare = WeightSet.objects.create(name="spare")
    assert admin_client.post(page(default, "delete"), {"post": "yes"}).status_code == 403
    assert act(admin_client, "delete_selected", default, spare, post="yes").status_code == 403
    assert WeightSet.objects.count() == 2
    assert admin_client.post(page(spare, "delete"), {"post": "yes"}).status_code == 302
    assert list(WeightSet.objects.all()) == [default]


def test_whether_a_set_is_active_is_no_field_of_the_form(admin_client: Client, default: WeightSet) -> None:
    admin_client.post(page(default), {**WEIGHT_SET, "is_active": ""})
    admin_client.post(pages(WeightSet, "add"), {**WEIGHT_SET, "name": "new", "is_active": "on"})
    assert dict(WeightSet.objects.values_list("name", "is_active")) == {"default": True, "new": False}


def test_the_percentage_of_a_flag_is_followed_at_once(admin_client: Client) -> None:
    flag = FeatureFlag.objects.get(name=settings.FEED_FLAG)
    assert settings.feed_flag.get().percent == 100
    admin_client.post(page(flag), {"name": flag.name, "percent": "12.5"})
    assert settings.feed_flag.get().percent == 12.5


@pytest.mark.parametrize("percent", ["-1", "101", "1.234", "half", ""])
def test_what_is_no_percentage_is_refused_in_the_form(admin_client: Client, percent: str) -> None:
    flag = FeatureFlag.objects.get(name=settings.FEED_FLAG)
    answer = admin_client.post(page(flag), {"name": flag.name, "percent": percent})
    assert "errorlist" in answer.content.decode()
    assert FeatureFlag.objects.get().percent == 100
