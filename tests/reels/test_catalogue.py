"""import_catalogue, and what else changes videos."""

import datetime as dt
import gzip
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from reels import cards, catalogue
from reels.models import Creator, Sound, Video
from tests.reels.lines import ID, SMALLEST, WHOLE

Load = Callable[..., Path]


def everything() -> list[list[Any]]:
    return [
        list(rows.order_by("pk").values()) for rows in (Video.objects.all(), Creator.objects.all(), Sound.objects.all())
    ]


def test_all_fields_are_loaded(load: Load) -> None:
    load(WHOLE)
    assert Video.objects.values().get() == {
        "id": uuid.UUID(ID),
        "external_id": None,
        "creator_id": "cook",
        "title": "Soup",
        "description": "How to",
        "hashtags": ["soup", "winter"],
        "category": "cooking",
        "sound_id": "s-1",
        "duration_seconds": 12.5,
        "created_at": dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        "is_published": True,
    }
    assert Sound.objects.get().name == "Rain"


def test_what_is_optional_may_be_left_out_or_null(load: Load) -> None:
    absent = dict.fromkeys(("description", "hashtags", "category", "sound", "duration_seconds"))
    load(SMALLEST | absent)
    with_nulls = everything()
    load(SMALLEST)
    assert everything() == with_nulls
    video = Video.objects.get()
    assert (video.description, video.hashtags, video.category) == ("", [], "")
    assert (video.sound, video.duration_seconds) == (None, None)


@pytest.mark.parametrize("written", [ID, ID.upper(), ID.replace("-", "")])
def test_a_uuid_is_kept_however_it_is_written(load: Load, written: str) -> None:
    load(SMALLEST | {"id": written})
    video = Video.objects.get()
    assert (video.id, video.external_id) == (uuid.UUID(ID), None)


@pytest.mark.parametrize("given", ["clip-1", "42", "ünïcode ✓", "x" * 200, "not-a-uuid-but-of-the-same-length-36"])
def test_any_other_id_becomes_a_uuid_and_is_kept_beside_it(load: Load, given: str) -> None:
    load(SMALLEST | {"id": given})
    video = Video.objects.get()
    assert (video.id, video.external_id) == (uuid.uuid5(uuid.NAMESPACE_URL, f"nova:video:{given}"), given)


def test_loading_a_file_again_changes_nothing(load: Load) -> None:
    lines = [WHOLE, SMALLEST | {"id": "clip-1"}]
    load(*lines)
    first = everything()
    load(*lines)
    assert everything() == first


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_of_lines_with_one_id_the_last_counts(load: Load, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(catalogue, "BATCH", batch)
    other = SMALLEST | {"id": "clip-1", "title": "Bread"}
    load(WHOLE, other, SMALLEST | {"title": "Better soup", "creator_id": "chef", "hashtags": ["new"]})
    video = Video.objects.get(id=ID)
    assert (video.title, video.creator_id, video.hashtags) == ("Better soup", "chef", ["new"])
    assert (video.sound, video.description) == (None, "")
    assert Video.objects.count() == 2


def test_an_external_id_stays_when_the_video_is_loaded_again_by_its_uuid(load: Load) -> None:
    load(SMALLEST | {"id": "clip-1"})
    load(SMALLEST | {"id": str(Video.objects.get().id), "title": "Better soup"})
    video = Video.objects.get()
    assert (video.title, video.external_id) == ("Better soup", "clip-1")


def test_a_video_that_was_taken_out_stays_out(load: Load) -> None:
    load(SMALLEST)
    catalogue.set_published(Video.objects.all(), is_published=False)
    load(SMALLEST | {"title": "Better soup"})
    video = Video.objects.get()
    assert (video.title, video.is_published) == ("Better soup", False)


def test_the_name_of_a_creator_is_not_lost(load: Load) -> None:
    Creator.objects.create(id="cook", name="The Cook")
    load(SMALLEST)
    assert Creator.objects.get().name == "The Cook"


def test_hashtags_are_lower_case_without_hash_each_once_in_their_order(load: Load) -> None:
    load(SMALLEST | {"hashtags": ["#Soup", "WINTER", "soup", "##Hot", "#", "é"]})
    assert Video.objects.get().hashtags == ["soup", "winter", "hot", "é"]


def test_a_time_without_an_offset_is_utc(load: Load) -> None:
    load(
        SMALLEST | {"created_at": "2026-01-02T03:04:05"},
        SMALLEST | {"id": "clip-1", "created_at": "2026-01-02T05:04:05+02:00"},
    )
    assert len({video.created_at for video in Video.objects.all()}) == 1


def test_the_clock_that_wrote_a_file_may_be_minutes_ahead(load: Load) -> None:
    load(SMALLEST | {"created_at": (timezone.now() + dt.timedelta(minutes=4)).isoformat()})
    assert Video.objects.count() == 1


def test_a_compressed_file_is_loaded(tmp_path: Path, engines: None) -> None:
    path = tmp_path / "videos.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(SMALLEST).encode()))
    call_command("import_catalogue", path, verbosity=0)
    assert Video.objects.get().title == "Soup"


def test_what_is_shown_of_a_video_follows_the_next_load(load: Load) -> None:
    load(WHOLE)
    assert cards.load([uuid.UUID(ID)])[uuid.UUID(ID)]["title"] == "Soup"
    load(WHOLE | {"title": "Better soup", "sound": {"id": "s-1", "name": "Hail"}})
    card = cards.load([uuid.UUID(ID)])[uuid.UUID(ID)]
    assert (card["title"], card["sound"]) == ("Better soup", {"id": "s-1", "name": "Hail"})


def test_a_video_is_hidden_and_shown_at_once(make_video: Callable[..., Video]) -> None:
    video, other = make_video(), make_video()
    assert len(cards.load([video.id, other.id])) == 2
    this = Video.objects.filter(id=video.id)
    catalogue.set_published(this, is_published=False)
    assert list(cards.load([video.id, other.id])) == [other.id]
    catalogue.set_published(this, is_published=True)
    assert video.id in cards.load([video.id])
