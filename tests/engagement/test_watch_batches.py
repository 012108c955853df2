"""What the quick reader takes, the serializer takes as the same watch; whatever else is the serializer's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engagement import watch_batches
from engagement.serializers import BatchedWatchSerializer
from reels import ids

VIDEO = "0199e4b2-1111-7000-8000-000000000001"
anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=70))
EVENTS = st.fixed_dictionaries(
    {"video_id": st.one_of(st.just(VIDEO), st.uuids().map(str), anything)},
    optional={
        "completion_percent": st.one_of(st.integers(0, 100), st.floats(0, 100), anything),
        "watch_ms": st.one_of(st.integers(0, 2**32), anything),
        "event_id": st.one_of(st.text("abc -\x00é", max_size=66), anything),
        "occurred_at": st.one_of(
            st.datetimes().map(lambda each: each.isoformat() + "Z"),
            st.sampled_from(["2026-11-01T10:00:00+05:30", "2026-11-01 10:00:00Z", "2026-11-01", "20261101T100000Z"]),
            anything,
        ),
        "more": anything,
    },
)


@given(EVENTS)
def test_both_readers_agree(event: dict[str, Any]) -> None:
    quick = watch_batches.plain(event)
    if quick is None:
        return
    serializer = BatchedWatchSerializer(data=event)
    assert serializer.is_valid(), serializer.errors
    video_id = ids.parse(serializer.validated_data["video_id"])
    assert video_id is not None
    assert serializer.to_watch(video_id) == quick


@pytest.mark.parametrize(
    "more",
    [{}, {"watch_ms": 900}, {"event_id": "tap 1"}, {"occurred_at": "2026-11-01T10:00:00.5Z"}, {"watch_ms": None}],
)
def test_what_apps_send_is_read_quickly(more: dict[str, Any]) -> None:
    assert watch_batches.plain({"video_id": VIDEO, "completion_percent": 73.5} | more)


@pytest.mark.parametrize("event", [None, [], "x", 7, {}, {"video_id": VIDEO}, {"video_id": 7, "completion_percent": 1}])
def test_what_is_odd_is_left_to_the_serializer(event: object) -> None:
    assert watch_batches.plain(event) is None
    good, refused = watch_batches.read([event])
    assert (good, list(refused)) == ({}, [0])
