"""import_engagement."""

import datetime as dt
import gzip
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient

from engagement import counters
from engagement.models import Block, Follow, Like, NotInterested
from nova.clients import clickhouse
from reels.models import Video

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


def line(kind: str, user: str = "ann", **fields: Any) -> dict[str, Any]:
    minutes = fields.pop("minutes", 60)
    occurred_at = (NOW - dt.timedelta(minutes=minutes)).isoformat()
    return {"user_id": user, "kind": kind, "occurred_at": occurred_at} | fields


@pytest.fixture
def video(make_video: Callable[..., Video]) -> Video:
    return make_video(external_id="clip-1", id=uuid.UUID("0f9c0fae-0000-5000-8000-000000000001"))


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: Any) -> Path:
        path = tmp_path / "events.jsonl"
        texts = (each if isinstance(each, str) else json.dumps(each) for each in lines)
        path.write_text("\n".join(texts) + "\n")
        call_command("import_engagement", path, verbosity=0)
        return path

    return write


def rejects(path: Path) -> list[tuple[int, str]]:
    lines = path.with_name(path.name + ".rejects.jsonl").read_text().splitlines()
    return [(each["line"], each["reason"]) for each in map(json.loads, lines)]


def everything() -> tuple[Any, ...]:
    return (
        clickhouse.select("SELECT * FROM engagement_events ORDER BY event_id"),
        [list(model.objects.order_by("pk").values()) for model in (Like, Follow, Block, NotInterested)],
        counters.totals(Video.objects.values_list("id", flat=True)),
    )


def test_all_kinds_are_loaded_with_the_state_they_leave(load: Callable[..., Path], video: Video) -> None:
    of = {"video_id": str(video.id)}
    load(
        line("watch", **of, completion_percent=80, watch_ms=4000),
        line("watch", "ben", **of, watch_ms=400),
        line("like", **of),
        line("like", "ben", **of, minutes=50),
        line("unlike", "ben", **of, minutes=40),
        line("share", **of),
        line("comment", **of),
        line("not_interested", **of),
        line("follow", creator_id="cook"),
        line("block", creator_id="pest"),
        line("unblock", creator_id="pest", minutes=30),
    )
    assert counters.totals([video.id])[video.id] == counters.Counts(view=1, like=1, share=1, comment=1)
    assert list(Like.objects.filter(is_active=True).values_list("user_id", flat=True)) == ["ann"]
    assert Follow.objects.get().creator_id == "cook"
    assert Block.objects.get().is_active is False
    assert NotInterested.objects.get().video == video
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(11,)]


def test_loading_a_file_again_changes_nothing(load: Callable[..., Path], video: Video) -> None:
    of = {"video_id": str(video.id)}
    lines = [
        line("watch", **of, completion_percent=80),
        line("like", **of),
        line("share", **of, event_id="mine"),
        line("unlike", **of, minutes=5),
        line("follow", creator_id="cook"),
    ]
    load(*lines)
    first = everything()
    load(*lines)
    assert everything() == first


def test_the_same_line_twice_is_one_event(load: Callable[..., Path], video: Video) -> None:
    same = line("watch", video_id=str(video.id), completion_percent=10)
    load(same, same)
    assert counters.totals([video.id])[video.id].view == 1


def test_an_event_told_again_with_another_time_is_the_same_event(load: Callable[..., Path], video: Video) -> None:
    for minutes in (10, 300, 10):
        load(line("watch", video_id=str(video.id), event_id="mine", minutes=minutes))
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(1,)]
    assert counters.totals([video.id])[video.id].view == 1


def test_feeds_that_were_built_before_an_import_know_it_afterwards(
    load: Callable[..., Path], make_video: Callable[..., Video], client_of: Callable[..., APIClient]
) -> None:
    watched, blocked, other = make_video(), make_video(creator_id="pest"), make_video()
    ann = client_of("ann")
    assert len(ann.get("/api/v1/reels").json()["data"]) == 3
    load(line("watch", video_id=str(watched.id)), line("block", creator_id="pest"))
    assert [video["id"] for video in ann.get("/api/v1/reels").json()["data"]] == [str(other.id)]
    assert blocked.creator_id == "pest"


def test_an_older_like_does_not_bring_back_what_was_taken_back(load: Callable[..., Path], video: Video) -> None:
    load(line("unlike", video_id=str(video.id), minutes=5))
    load(line("like", video_id=str(video.id), minutes=50))
    assert Like.objects.get().is_active is False


def test_videos_are_known_by_the_id_they_were_imported_with(tmp_path: Path, engines: None) -> None:
    catalogue, events = tmp_path / "videos.jsonl", tmp_path / "events.jsonl.gz"
    catalogue.write_text(
        json.dumps({"id": "clip-9", "creator_id": "cook", "title": "Soup", "created_at": NOW.isoformat()})
    )
    events.write_bytes(gzip.compress(json.dumps(line("like", video_id="clip-9")).encode()))
    call_command("import_catalogue", catalogue, verbosity=0)
    call_command("import_engagement", events, verbosity=0)
    video = Video.objects.get(external_id="clip-9")
    assert video.id == uuid.uuid5(uuid.NAMESPACE_URL, "nova:video:clip-9")
    assert Like.objects.get().video == video


def test_bad_lines_are_put_aside_with_their_number_and_reason(load: Callable[..., Path], video: Video) -> None:
    of = {"video_id": str(video.id)}
    future = (timezone.now() + dt.timedelta(days=1)).isoformat()
    path = load(
        line("watch", **of, completion_percent=80),
        '{"user_id": "ann", ',
        "[1, 2]",
        line("dance", **of),
        line(["watch"], **of),  # type: ignore[arg-type]
        line("watch", video_id=str(uuid.uuid4())),
        line("watch", **of) | {"occurred_at": future},
        line("watch", **of) | {"occurred_at": "soon"},
        line("watch", **of, completion_percent=140),
        line("watch", **of, completion_percent="half"),
        line("like", "", **of),
        line("like", "x" * 65, **of),
        line("follow", creator_id="ann"),
        line("follow"),
        {"kind": None},
        line("watch", **of, completion_percent=None, watch_ms=None, minutes=3),
    )
    assert rejects(path) == [
        (2, "not JSON: unexpected end of data"),
        (3, "not a JSON object"),
        (4, "kind 'dance' is not known"),
        (5, "kind \"['watch']\" is not known"),
        (6, "video_id is not in the catalogue"),
        (7, "occurred_at is before 2000 or in the future"),
        (8, "occurred_at is not an ISO 8601 time"),
        (9, "completion_percent is not between 0 and 100"),
        (10, "completion_percent is not a number"),
        (11, "user_id is missing"),
        (12, "user_id is longer than 64 characters"),
        (13, "one cannot follow or block oneself"),
        (14, "creator_id is missing"),
        (15, "kind is missing"),
    ]
    assert clickhouse.select("SELECT count() FROM engagement_events") == [(2,)]


def test_a_file_without_one_good_line_is_an_error(load: Callable[..., Path], video: Video) -> None:
    with pytest.raises(CommandError, match=r"Nothing was loaded.*rejects\.jsonl"):
        load("nonsense")


def test_a_missing_file_is_an_error_that_says_so(engines: None) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        call_command("import_engagement", "/nowhere.jsonl")


def test_a_damaged_archive_is_an_error_that_says_so(tmp_path: Path, engines: None) -> None:
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"kind": "watch"}\n' * 10_000)[:60])
    with pytest.raises(CommandError, match="not a whole gzip file"):
        call_command("import_engagement", path, verbosity=0)


def test_of_history_older_than_events_are_kept_only_the_state_is_taken(load: Callable[..., Path], video: Video) -> None:
    long_ago = 401 * 24 * 60
    path = load(
        line("like", video_id=str(video.id), minutes=long_ago),
        line("watch", video_id=str(video.id), minutes=long_ago),
        line("watch", video_id=str(video.id), minutes=long_ago - 2 * 24 * 60),
    )
    assert rejects(path) == [(2, "occurred_at is longer ago than the 400 days that events are kept")]
    assert counters.totals([video.id])[video.id] == counters.Counts(view=1, like=1)
    assert clickhouse.select("SELECT kind FROM engagement_events") == [("watch",)]
