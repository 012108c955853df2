"""Scores and bands."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ranking.search.engine import merging, scoring
from ranking.search.engine.asking import Group, Question
from ranking.search.engine.documents import DESCRIPTION, NAMES, TAGS, TITLE, pack
from ranking.search.engine.merging import Result
from ranking.search.engine.scoring import Found, Scores
from ranking.search.engine.vocabulary import EMPTY, Vocabulary


def found(*hits: list[int], lengths: list[float] | None = None, ages: float = 0.0, popularity: float = 0.0) -> Found:
    return Found(
        np.array([hit for each in hits for hit in each], np.uint32),
        np.array([len(each) for each in hits], np.int64),
        np.array(lengths or [10.0] * len(hits)),
        np.full(len(hits), ages),
        np.full(len(hits), popularity),
    )


def asked(*words: str, optional: tuple[str, ...] = ()) -> Question:
    return Question(tuple(Group(word, {word: 1.0}, required=word not in optional) for word in words))


def score(some: Found, question: Question, vocabulary: Vocabulary = EMPTY) -> Scores:
    return scoring.score(some, question, vocabulary)


def test_title_beats_hashtags_beat_names_beat_description() -> None:
    scores = score(found(*([pack("soup", field)] for field in (TITLE, TAGS, NAMES, DESCRIPTION))), asked("soup")).scores
    assert list(scores) == sorted(scores, reverse=True) and len(set(scores)) == 4


def test_a_short_text_says_more_of_its_words_than_a_long_one() -> None:
    hit = [pack("soup", TITLE)]
    short, long = score(found(hit, hit, lengths=[5, 50]), asked("soup")).scores
    assert short > long


def test_a_rare_word_counts_more_than_a_frequent_one() -> None:
    known = Vocabulary.of(["soup", "lovage"], [900, 3], 1_000)
    soup, lovage = score(found([pack("soup", TITLE)], [pack("lovage", TITLE)]), asked("soup", "lovage"), known).scores
    assert lovage > soup


def test_complete_is_what_has_every_word_that_is_required() -> None:
    both, one = [pack("soup", TITLE), pack("lovage", TITLE)], [pack("soup", TITLE)]
    assert list(score(found(both, one), asked("soup", "lovage")).complete) == [True, False]
    assert list(score(found(both, one), asked("soup", "lovage", optional=("lovage",))).complete) == [True, True]


def test_popularity_and_freshness_count_a_little() -> None:
    hit = [pack("soup", TITLE)]
    plain = score(found(hit, ages=400), asked("soup")).scores[0]
    assert plain < score(found(hit, ages=0), asked("soup")).scores[0] < plain + 0.04
    assert plain < score(found(hit, ages=400, popularity=255), asked("soup")).scores[0] < plain + 0.06


def test_nothing_found_has_no_scores() -> None:
    assert len(score(found(), asked("soup")).scores) == 0 == len(found())


@given(st.lists(st.integers(0, 15), max_size=8), st.floats(0, 1e6), st.floats(-1e4, 1e5), st.floats(0, 255))
def test_every_score_lies_between_0_and_1(fields: list[int], length: float, age: float, popularity: float) -> None:
    some = found(
        *([pack("soup", each)] for each in fields), lengths=[length] * len(fields), ages=age, popularity=popularity
    )
    scores = score(some, asked("soup")).scores
    assert ((scores >= 0) & (scores <= 1)).all()


def test_bands_never_overlap_and_each_video_stands_at_its_best() -> None:
    for band in (merging.SOME, merging.CORRECTED):
        assert merging.relevance(band, 1.0) <= merging.relevance(band + 1, 0.0)
    merged = merging.merge([Result(0.2, b"b"), Result(0.9, b"b"), Result(0.2, b"c"), Result(0.2, b"a")], 3)
    assert merged == [Result(0.9, b"b"), Result(0.2, b"a"), Result(0.2, b"c")]
