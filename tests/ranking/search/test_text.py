"""Words out of text, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.search.engine import asking, documents, text
from ranking.search.engine.documents import DESCRIPTION, NAMES, TAGS, TITLE, Texts, document, pack

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates as well


@given(ANYTHING)
def test_normalising_twice_is_normalising_once(given_text: str) -> None:
    once = text.normalise(given_text)
    assert text.normalise(once) == once


@given(ANYTHING)
def test_any_text_gives_tokens_that_every_engine_can_store(given_text: str) -> None:
    for token in [*text.words(given_text), *text.asked_words(given_text), *asking.parse(given_text)]:
        assert 0 < len(token) <= text.LONGEST_TOKEN
        token.encode()
        assert not set("'\\% \n\0") & set(token)


@given(ANYTHING)
def test_what_is_written_is_found_by_what_is_written(given_text: str) -> None:
    held = document(Texts(given_text)).terms
    assert set(text.asked_words(given_text)) <= set(held) or len(held) == documents.MOST_TOKENS


@pytest.mark.parametrize(
    ("written", "folded"),
    [("ÉCOLE", "ecole"), ("Straße", "strasse"), ("Øl på Łódź", "ol pa lodz"), ("ＦＵＬＬ", "full"), ("ﬁn", "fin"),
     ("İstanbul", "istanbul"), ("ёж", "еж"), ("العَرَبِيَّة", "العربية"), ("が", "が"), ("한국", "한국"), ("क्या", "क्या")],
)  # fmt: skip
def test_what_is_the_same_to_people_becomes_the_same(written: str, folded: str) -> None:
    assert text.normalise(written) == folded


def test_apostrophes_join_and_other_signs_part() -> None:
    assert text.words("Don't rock'n’roll e-mail 3.5") == ["dont", "rocknroll", "e", "mail", "3", "5"]


def test_dense_scripts_are_pairs_and_single_characters() -> None:
    assert text.words("红烧肉") == ["红", "烧", "肉", "红烧", "烧肉"]
    assert text.asked_words("红烧肉") == ["红烧", "烧肉"] and text.asked_words("肉") == ["肉"]
    assert text.words("iPhone手机") == ["iphone", "手", "机", "手机"]


def test_a_hashtag_in_a_query_is_one_word() -> None:
    assert asking.parse("Soup #Ice_Cream # #红烧肉 soup") == ["soup", "#icecream", "#红烧肉"]
    assert asking.parse("?! … 🎉") == []


def test_a_long_query_is_cut() -> None:
    assert len(asking.parse(" ".join(f"w{number}" for number in range(40)))) == asking.MOST_WORDS


def test_a_document_says_in_which_fields_a_word_stands() -> None:
    made = document(Texts("Ice soup", ["ice_cream"], ["Ada"], "soup #Yum"))
    assert made.title_terms == ["ice", "soup"]
    assert pack("ice", TITLE | TAGS) in made.packed and pack("soup", TITLE | DESCRIPTION) in made.packed
    assert pack("#icecream", TAGS) in made.packed and pack("icecream", TAGS) in made.packed
    assert pack("#yum", TAGS) in made.packed and pack("ada", NAMES) in made.packed


def test_a_document_holds_so_many_words_and_no_more() -> None:
    made = document(Texts("title", description=" ".join(f"w{number}" for number in range(2_000))))
    assert len(made.terms) == documents.MOST_TOKENS == len(made.packed)
