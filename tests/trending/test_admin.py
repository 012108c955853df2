"""Pins and blocks in the admin."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from reels.models import Sound, Video
from tests.ranking.admin_pages import act, page, pages
from trending import curations
from trending.models import Curation

pytestmark = pytest.mark.usefixtures("engines")
BLOCK = {"kind": "hashtag", "target": "spam", "action": "block"}
PIN = {"kind": "hashtag", "target": "soup", "action": "pin", "position": "2"}


def add(client: Client, form: dict[str, str]) -> str:
    return client.post(pages(Curation, "add"), form).content.decode()


def test_a_change_is_in_force_at_once_in_the_process_that_made_it(admin_client: Client) -> None:
    assert curations.current([]) == []
    add(admin_client, PIN)
    assert [rule.target for rule in curations.current([])] == ["soup"]
    act(admin_client, "delete_selected", Curation.objects.get(), post="yes")
    assert curations.current([]) == []
    add(admin_client, BLOCK)
    row = Curation.objects.get()
    assert [rule.position for rule in curations.current([])] == [None]
    admin_client.post(page(row, "delete"), {"post": "yes"})
    assert curations.current([]) == []


def test_a_hashtag_is_taken_as_it_is_listed(admin_client: Client) -> None:
    add(admin_client, PIN | {"target": "#Soup"})
    assert Curation.objects.get().target == "soup"


def test_a_sound_has_its_name(admin_client: Client, make_video: Callable[..., Video]) -> None:
    make_video(sound=Sound(id="s1", name="Kitchen"))
    add(admin_client, {"kind": "sound", "target": "s1", "action": "pin", "position": "1"})
    assert [rule.name for rule in curations.read()] == ["Kitchen"]


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (PIN | {"position": ""}, "A pin has a position"),
        (PIN | {"position": "0"}, "greater than or equal to 1"),
        (PIN | {"position": "101"}, "less than or equal to 100"),
        (BLOCK | {"position": "1"}, "a block has none"),
        (BLOCK | {"target": "##"}, "more than its #"),
        (BLOCK | {"target": ""}, "required"),
        (BLOCK | {"kind": "sound"}, "no sound with this id"),
        (BLOCK | {"kind": "video"}, "not one of the available choices"),
        (BLOCK | {"until_0": "2020-01-01", "until_1": "00:00:00"}, "in the past"),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_form(admin_client: Client, form: dict[str, str], reason: str) -> None:
    assert reason in add(admin_client, form)
    assert not Curation.objects.exists()


def test_one_thing_is_curated_once_in_a_category(admin_client: Client) -> None:
    add(admin_client, BLOCK)
    assert "already exists" in add(admin_client, PIN | {"target": "spam"})


def test_what_ran_out_is_not_in_force(admin_client: Client) -> None:
    Curation.objects.create(**BLOCK, until=timezone.now() - dt.timedelta(seconds=1))
    assert curations.read() == []
