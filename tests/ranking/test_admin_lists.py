"""The admin's lists, and what staff do to videos in them."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib import admin
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import outbox
from engagement.events import Event
from engagement.models import OutboxEvent
from nova.clients import redis
from ranking.models import WeightSet
from reels import cards
from reels.models import Video
from tests.conftest import API
from tests.ranking.admin_pages import act, page, pages

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
pytestmark = pytest.mark.usefixtures("engines")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_list_opens_for_a_superuser(admin_client: Client, make_video: Callable[..., Video], model: type) -> None:
    make_video()
    assert admin_client.get(pages(model)).status_code == 200


@pytest.mark.parametrize(
    "model", [model for model in MODELS if admin.site._registry[model].search_fields], ids=lambda m: m._meta.label
)
@pytest.mark.parametrize("words", ["soup", str(uuid.UUID(int=5)), "two words", "50%", "x\\y"])
def test_every_list_can_be_searched_for_anything(admin_client: Client, model: type, words: str) -> None:
    assert admin_client.get(pages(model), {"q": words}).status_code == 200


@pytest.mark.parametrize("how", ["id", "external_id", "title", "creator_id"])
def test_a_video_is_found_by_what_one_has_of_it(
    admin_client: Client, make_video: Callable[..., Video], how: str
) -> None:
    video, other = make_video(title="Soup", external_id="clip-1", creator_id="cook"), make_video()
    shown = admin_client.get(pages(Video), {"q": str(getattr(video, how))}).content.decode()
    assert page(video) in shown
    assert page(other) not in shown


def test_nobody_comes_in_without_a_login(client: Client) -> None:
    answer = client.get(pages(WeightSet))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_the_outbox_is_to_look_at_alone(admin_client: Client, make_video: Callable[..., Video]) -> None:
    video = make_video()
    outbox.write([Event(uuid.uuid4(), "like", "ann", timezone.now(), video.id, "cook")])
    row = OutboxEvent.objects.get()
    shown = admin_client.get(page(row))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert admin_client.get(pages(OutboxEvent, "add")).status_code == 403
    assert admin_client.post(page(row), {"kind": "share"}).status_code == 403
    assert admin_client.post(page(row, "delete"), {"post": "yes"}).status_code == 403
    act(admin_client, "delete_selected", row, post="yes")
    assert OutboxEvent.objects.get().kind == "like"


def test_a_video_is_taken_out_of_feeds_and_put_back(
    admin_client: Client, make_video: Callable[..., Video], client_of: Callable[..., APIClient]
) -> None:
    videos = [make_video(), make_video()]

    def shown() -> set[str]:
        return {video["id"] for video in client_of("ann").get(f"{API}/reels").json()["data"]}

    assert len(shown()) == 2
    act(admin_client, "unpublish", videos[0])
    assert shown() == {str(videos[1].id)}
    assert client_of("ann").get(f"{API}/reels/{videos[0].id}").status_code == 404
    act(admin_client, "publish", videos[0])
    redis.connection().delete("feed:u:ann")
    assert client_of("ann").get(f"{API}/reels/{videos[0].id}").status_code == 200
    assert len(shown()) == 2


def test_an_edited_title_shows_at_once(admin_client: Client, make_video: Callable[..., Video]) -> None:
    video = make_video(external_id="clip-1", hashtags=["soup"])
    cards.load([video.id])
    created_at = video.created_at
    form = {
        "id": str(video.id), "external_id": "clip-1", "creator": video.creator_id, "title": "New", "is_published": "on",
        "hashtags": "soup", "created_at_0": f"{created_at:%Y-%m-%d}", "created_at_1": f"{created_at:%H:%M:%S}",
    }  # fmt: skip
    answer = admin_client.post(page(video), form)
    assert answer.status_code == 302, answer.content.decode()
    assert cards.load([video.id])[video.id]["title"] == "New"
