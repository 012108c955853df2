"""The stream that tells which videos changed."""

import time
import uuid
from collections.abc import Callable

import pytest

from nova.clients import redis
from reels import cards, changes
from reels.models import Video

pytestmark = pytest.mark.usefixtures("engines")
VIDEOS = [uuid.UUID(int=number) for number in range(1, 8)]


def note(*video_ids: uuid.UUID) -> None:
    changes.note(redis.connection(), video_ids)


def bytes_of(*video_ids: uuid.UUID) -> set[bytes]:
    return {each.bytes for each in video_ids}


def test_what_was_noted_after_an_entry_is_told() -> None:
    note(VIDEOS[0])
    entry = changes.newest()
    note(VIDEOS[1], VIDEOS[2])
    note(VIDEOS[3])
    found, last = changes.since(entry)
    assert found == bytes_of(*VIDEOS[1:4])
    assert last == changes.newest() != entry


def test_nothing_new_leaves_the_place_as_it_was() -> None:
    note(VIDEOS[0])
    entry = changes.newest()
    assert changes.since(entry) == (set(), entry)


def test_nothing_is_told_twice() -> None:
    _, entry = changes.since(changes.newest())
    for video_id in VIDEOS:
        note(video_id)
        found, entry = changes.since(entry)
        assert found == bytes_of(video_id)


@pytest.mark.parametrize("at_once", [1, 2, 7, 8])
def test_however_many_are_read_at_once_all_are_told(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(changes, "AT_ONCE", at_once)
    for video_id in VIDEOS:
        note(video_id)
    assert changes.since(b"0-0") == (bytes_of(*VIDEOS), changes.newest())


def test_an_empty_stream_has_a_place_before_everything() -> None:
    entry = changes.newest()
    assert entry == b"0-0"
    note(VIDEOS[0])
    assert changes.since(entry)[0] == bytes_of(VIDEOS[0])


def test_after_the_stream_was_emptied_what_is_new_is_told() -> None:
    note(VIDEOS[0])
    _, entry = changes.since(b"0-0")
    redis.connection().flushdb()
    assert changes.since(entry) == (set(), entry)
    time.sleep(0.002)  # entries are named by milliseconds
    note(VIDEOS[1])
    assert changes.since(entry)[0] == bytes_of(VIDEOS[1])


def test_a_video_that_changed_twice_at_once_is_told_once() -> None:
    assert changes.packed([VIDEOS[0], VIDEOS[0]]) == VIDEOS[0].bytes


def test_no_videos_are_no_entry() -> None:
    note()
    assert redis.connection().xlen(changes.KEY) == 0


def test_the_stream_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "LONGEST", 100)
    for _ in range(400):
        note(VIDEOS[0])
    assert redis.connection().xlen(changes.KEY) < 250  # Redis drops whole nodes, of a hundred entries each


def test_a_card_that_is_dropped_is_told(make_video: Callable[..., Video]) -> None:
    video = make_video()
    entry = changes.newest()
    cards.forget([video.id])
    assert changes.since(entry)[0] == bytes_of(video.id)
