"""Feeds as bytes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking import stored_feed
from ranking.stored_feed import FORMAT, HEAD, RANKED, VARIANTS, Feed, UnknownFeedError

NAME = b"8 bytes."
ids = st.lists(st.binary(min_size=16, max_size=16), max_size=60)


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    videos = draw(ids)
    number = len(videos)
    scores = draw(st.lists(st.floats(width=32), min_size=number, max_size=number))
    return Feed(
        generation=draw(st.binary(min_size=8, max_size=8)),
        variant=draw(st.sampled_from(VARIANTS)),
        packed=b"".join(videos),
        scores=np.array(scores, np.float32),
        liked=bytes(draw(st.lists(st.integers(0, 1), min_size=number, max_size=number))),
        stamp=draw(st.integers(0, 2**32 - 1)),
        personalized=draw(st.booleans()),
    )


@given(feeds())
def test_a_feed_comes_back_from_its_bytes_as_it_was(feed: Feed) -> None:
    back = stored_feed.from_bytes(feed.generation, feed.to_bytes())
    np.testing.assert_array_equal(back.scores, feed.scores)
    assert back.to_bytes() == feed.to_bytes()
    for name in ("generation", "variant", "packed", "liked", "stamp", "personalized"):
        assert getattr(back, name) == getattr(feed, name)


@given(feeds())
def test_a_feed_knows_its_videos_in_their_order(feed: Feed) -> None:
    assert b"".join(each.bytes for each in feed.video_ids) == feed.packed
    assert b"".join(feed.ids(0, len(feed))) == feed.packed
    middle = len(feed) // 2
    assert feed.ids(0, middle) + feed.ids(middle, len(feed)) == feed.ids(0, len(feed))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_feed_are_refused(raw: bytes) -> None:
    """Or they were one, and then they are what it is stored as."""
    try:
        feed = stored_feed.from_bytes(NAME, raw)
    except UnknownFeedError:
        return
    assert feed.to_bytes()[HEAD.size :] == raw[HEAD.size :]


@given(feeds(), st.data())
def test_a_feed_that_was_cut_is_refused(feed: Feed, data: st.DataObject) -> None:
    raw = feed.to_bytes()
    with pytest.raises(UnknownFeedError):
        stored_feed.from_bytes(NAME, raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(feeds(), st.binary(min_size=1))
def test_a_feed_with_something_behind_it_is_refused(feed: Feed, more: bytes) -> None:
    with pytest.raises(UnknownFeedError):
        stored_feed.from_bytes(NAME, feed.to_bytes() + more)


@given(feeds(), st.integers(0, 255).filter(lambda number: number != FORMAT))
def test_a_feed_of_another_format_is_refused(feed: Feed, number: int) -> None:
    with pytest.raises(UnknownFeedError, match="format"):
        stored_feed.from_bytes(NAME, bytes([number]) + feed.to_bytes()[1:])


@given(feeds(), st.integers(len(VARIANTS), 255))
def test_a_feed_of_an_unknown_variant_is_refused(feed: Feed, number: int) -> None:
    raw = feed.to_bytes()
    with pytest.raises(UnknownFeedError):
        stored_feed.from_bytes(NAME, raw[:1] + bytes([number]) + raw[2:])


@given(ids, st.data())
def test_what_is_liked_of_a_feed_is_marked(videos: list[bytes], data: st.DataObject) -> None:
    liked = data.draw(st.sets(st.sampled_from(videos))) if videos else set()
    scores = np.zeros(len(videos), np.float32)
    feed = stored_feed.make(NAME, RANKED, b"".join(videos), scores, liked)
    assert [bool(each) for each in feed.liked] == [each in liked for each in videos]


def test_a_feed_of_five_hundred_videos_is_small() -> None:
    feed = stored_feed.make(NAME, RANKED, b"v" * 16 * 500, np.zeros(500, np.float32), frozenset())
    assert len(feed.to_bytes()) < 11_000
