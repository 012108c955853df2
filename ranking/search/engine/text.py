"""Text as words: what is the same to people becomes the same token, in any script.

Case and accents are folded (`É` is `e`, `ß` is `ss`, `ø` is `o`), words stand apart where letters end. Where a script
writes no spaces, or joins everything to its nouns (Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer), tokens are
single characters and pairs of neighbours.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_TOKEN = 64  # characters
# Letters that Unicode does not take for a letter with an accent, but people without that key type them so.
PLAIN = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t",
        "\u0640": None, "\u200c": None, "\u200d": None, "\u00ad": None, "\u02bc": None,
    }
)  # fmt: skip
# Combining classes of accents, of Hebrew and Arabic vowel points and of the nukta. Not of what makes another letter:
# the vowel signs of India and South-East Asia, viramas, and the voicing of kana.
ACCENTS = frozenset({1, 7, *range(10, 36), *range(200, 241)})
DENSE = (
    "\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
    "\u3041-\u3096\u3099\u309a\u30a1-\u30fa\u30fc-\u30fe\u31f0-\u31ff"  # kana
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"  # Han and Hangul
)
# `\w` lacks the vowel signs that stand within words.
MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957"
    "\u0962\u0963\u0981-\u0983\u09bc-\u09cd\u09d7\u0a01-\u0a4d\u0a70\u0a71\u0a81-\u0acd\u0b01-\u0b57\u0b82-\u0bcd"
    "\u0c00-\u0c56\u0c81-\u0cd6\u0d00-\u0d4d\u0d81-\u0ddf\u0f18-\u0f87"
)
PIECE = re.compile(rf"(?P<dense>[{DENSE}]+)|(?:(?![{DENSE}_])[\w{MARKS}])+")
APOSTROPHE = re.compile(r"(?<=\w)['\u2019`](?=\w)")


def normalise(text: str) -> str:
    """The text with case, accents and widths folded away. Doing it again changes nothing."""
    if text.isascii():
        return text.lower()
    while (folded := _fold(text)) != text:
        text = folded
    return text


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """The runs of letters of a text, and whether each is in a script that writes no spaces."""
    for found in PIECE.finditer(APOSTROPHE.sub("", normalise(text))):
        yield found[0], found["dense"] is not None


def words(text: str) -> list[str]:
    """The tokens that a document with this text is found by, in their order."""
    return [token for piece, dense in pieces(text) for token in (_grams(piece) if dense else [piece[:LONGEST_TOKEN]])]


def asked_words(text: str) -> list[str]:
    """The tokens that somebody who writes this text looks for: of a dense run its pairs alone, which say more."""
    return [token for piece, dense in pieces(text) for token in (_pairs(piece) if dense else [piece[:LONGEST_TOKEN]])]


def tag(text: str) -> str:
    """A hashtag as a token: `#` and all its letters. Empty for one without any."""
    joined = "".join(piece for piece, _ in pieces(text))
    return f"#{joined[: LONGEST_TOKEN - 1]}" if joined else ""


def is_dense(token: str) -> bool:
    return any(dense for _, dense in pieces(token))


def distinct(tokens: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tokens))


def _fold(text: str) -> str:
    """One step: it may bring up what another step folds (`ǆ` becomes `dž`, and then `dz`)."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in apart if unicodedata.combining(each) not in ACCENTS)
    return unicodedata.normalize("NFC", plain.translate(PLAIN))


def _grams(run: str) -> Iterator[str]:
    yield from run
    if len(run) > 1:
        yield from _pairs(run)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]
