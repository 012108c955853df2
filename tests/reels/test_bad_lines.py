"""Lines of a catalogue that cannot be loaded."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from reels.models import Creator, Video
from tests.reels.lines import SMALLEST, WHOLE

Load = Callable[..., Path]


def reasons(path: Path) -> list[str]:
    lines = path.with_name(path.name + ".rejects.jsonl").read_text().splitlines()
    return [each["reason"] for each in map(json.loads, lines)]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": None}, "id is missing"),
        ({"id": ""}, "id is missing"),
        ({"id": 42}, "id is not a string"),
        ({"id": "x" * 201}, "id is longer than 200 characters"),
        ({"creator_id": None}, "creator_id is missing"),
        ({"creator_id": "x" * 65}, "creator_id is longer than 64 characters"),
        ({"title": None}, "title is missing"),
        ({"title": "x" * 501}, "title is longer than 500 characters"),
        ({"title": "a\0b"}, "title contains a NUL character"),
        ({"description": ["x"]}, "description is not a string"),
        ({"hashtags": "soup"}, "hashtags is not a list of at most 100"),
        ({"hashtags": ["soup"] * 101}, "hashtags is not a list of at most 100"),
        ({"hashtags": ["soup", 5]}, "hashtags is not a string"),
        ({"hashtags": ["x" * 101]}, "hashtags is longer than 100 characters"),
        ({"hashtags": ["İ" * 60]}, "hashtags is longer than 100 characters"),  # 120 characters in lower case
        ({"category": "x" * 65}, "category is longer than 64 characters"),
        ({"sound": "s-1"}, "sound is not an object"),
        ({"sound": {"name": "Rain"}}, "id is missing"),
        ({"duration_seconds": -1}, "duration_seconds is not between 0 and 86400"),
        ({"duration_seconds": 86_401}, "duration_seconds is not between 0 and 86400"),
        ({"duration_seconds": "12"}, "duration_seconds is not a number"),
        ({"duration_seconds": True}, "duration_seconds is not a number"),
        ({"created_at": None}, "created_at is missing"),
        ({"created_at": 1_700_000_000}, "created_at is not a string"),
        ({"created_at": "yesterday"}, "created_at is not an ISO 8601 time"),
        ({"created_at": "1999-12-31T23:59:59Z"}, "created_at is before 2000 or in the future"),
        ({"created_at": "0001-01-01T00:00:00+23:59"}, "created_at is before 2000 or in the future"),
        ({"created_at": "2999-01-01T00:00:00Z"}, "created_at is before 2000 or in the future"),
    ],
)
def test_a_bad_line_is_put_aside_with_its_reason(load: Load, changed: dict[str, Any], reason: str) -> None:
    path = load(SMALLEST | changed, WHOLE | {"id": "clip-1"})
    assert reasons(path) == [reason]
    assert [video.external_id for video in Video.objects.all()] == ["clip-1"]


def test_a_file_without_one_good_line_is_an_error_with_status_1(load: Load) -> None:
    with pytest.raises(CommandError, match=r"Nothing was loaded\. The reasons are in .*rejects\.jsonl") as failure:
        load(SMALLEST | {"title": None})
    assert failure.value.returncode == 1
    assert not Creator.objects.exists()
