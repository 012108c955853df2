"""Corrections against a vocabulary, and what a query becomes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from ranking.search.engine import asking, spelling, vocabulary
from ranking.search.engine.variants import variants
from ranking.search.engine.vocabulary import Vocabulary

WORDS = {
    "chocolate": 400, "soup": 300, "cake": 250, "recipe": 200, "recipes": 150, "bake": 20,
    "city": 7, "cities": 6, "baking": 40, "run": 9,
    "running": 9, "berry": 5, "berries": 4, "ice": 60, "cream": 50, "icecream": 3, "soop": 2, "суп": 30, "café": 1,
}  # fmt: skip
KNOWN = Vocabulary.of(list(WORDS), list(WORDS.values()), 5_000)


def test_a_vocabulary_counts_its_words_and_no_others() -> None:
    assert {word: KNOWN.count(word) for word in WORDS} == WORDS
    assert KNOWN.count("choc") == KNOWN.count("") == KNOWN.count("zzz") == 0
    assert [KNOWN.word(row) for row in range(len(KNOWN))] == sorted(WORDS, key=str.encode)
    assert vocabulary.EMPTY.count("soup") == 0 and vocabulary.EMPTY.nbytes == 0


def test_a_prefix_goes_on_to_the_most_frequent_words() -> None:
    assert KNOWN.starting_with("recipe", 5) == ["recipes"]
    assert KNOWN.starting_with("b", 2) == ["baking", "bake"] and KNOWN.starting_with("zz", 2) == []


@given(st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), min_size=1, max_size=9), unique=True))
def test_any_words_can_be_packed(words: list[str]) -> None:
    made = Vocabulary.of(words, list(range(1, len(words) + 1)), 10)
    assert [made.count(word) for word in words] == list(range(1, len(words) + 1))


@given(
    st.lists(st.text("abcd", min_size=1, max_size=6), min_size=1, unique=True), st.text("abcd", min_size=1, max_size=6)
)
def test_nothing_within_reach_is_overlooked(words: list[str], word: str) -> None:
    made = Vocabulary.of(words, [1] * len(words), len(words))
    for edits in (1, 2):
        within = {each for each in words if OSA.distance(word, each) <= edits}
        assert within <= set(made.near(word, edits))


@given(st.text(max_size=40))
def test_corrections_are_within_their_distance(word: str) -> None:
    for each in spelling.corrections(word, KNOWN):
        assert 1 <= OSA.distance(word, each.word) <= spelling.edits_allowed(word) and 0 < each.weight <= 1


@pytest.mark.parametrize("word", ["chocolate", "soup", "recipe", "cream"])
def test_one_edit_of_a_frequent_word_is_mended(word: str) -> None:
    rng = random.Random(word)
    for _ in range(20):
        at = rng.randrange(1, len(word))
        edited = rng.choice([word[:at] + word[at + 1 :], f"{word[:at]}q{word[at:]}", f"{word[:at]}q{word[at + 1 :]}"])
        if not KNOWN.count(edited):
            assert spelling.corrections(edited, KNOWN)[0].word in {word, "recipes"}


def test_what_is_frequent_numeric_or_very_short_is_left_alone() -> None:
    for word in ("cake", "so4p", "x", "a" * 33):
        assert spelling.corrections(word, KNOWN) == []
    assert [each.word for each in spelling.corrections("cé", KNOWN)] == []


def test_a_rare_word_is_corrected_only_to_a_much_more_frequent_one() -> None:
    assert [each.word for each in spelling.corrections("soop", KNOWN)] == ["soup"]
    assert spelling.corrections("berry", KNOWN) == []


def test_words_written_as_one_are_parted() -> None:
    assert spelling.split("souprecipe", KNOWN) == ("soup", "recipe")
    assert spelling.split("icecream", KNOWN) is None  # it is a word, and not much rarer
    assert spelling.split("abc", KNOWN) is None


def test_other_forms_of_a_word_are_those_that_exist() -> None:
    assert variants("recipe", KNOWN) == {"recipes": 0.85} and variants("berries", KNOWN) == {"berry": 0.85}
    assert variants("city", KNOWN) == {"cities": 0.85}
    assert variants("bake", KNOWN) == {"baking": 0.6} and variants("baking", KNOWN) == {"bake": 0.6}
    assert variants("running", KNOWN) == {"run": 0.6} and variants("run", KNOWN) == {"running": 0.6}
    assert variants("суп", KNOWN) == variants("ru", KNOWN) == variants("dress", KNOWN) == {}


def test_neighbours_are_also_looked_for_as_one_word() -> None:
    asked = asking.question(["ice", "cream"], KNOWN)
    assert all(group.tokens["icecream"] == asking.JOINED for group in asked.groups)


def test_words_that_say_little_are_optional_unless_there_are_no_others() -> None:
    assert [group.asked for group in asking.question(["how", "to", "bake"], KNOWN).required] == ["bake"]
    assert len(asking.question(["how", "to"], KNOWN).required) == 2


def test_there_is_nothing_to_correct_in_what_is_known() -> None:
    assert asking.corrected(["chocolate", "cake"], KNOWN) is None
    assert asking.corrected(["红烧", "the"], KNOWN) is None


def test_a_corrected_query_keeps_what_was_right() -> None:
    asked = asking.corrected(["choclate", "#reciep", "souprecipe"], KNOWN)
    assert asked is not None
    assert asking.chosen(asked, {}) == "chocolate #recipe soup recipe"


def test_of_several_corrections_the_one_with_more_hits_is_chosen() -> None:
    group = asking.Group("x", {"bake": 0.9, "cake": 0.8}, corrections=("bake", "cake"))
    assert asking.chosen(asking.Question((group,)), {"cake": 9, "bake": 1}) == "cake"
