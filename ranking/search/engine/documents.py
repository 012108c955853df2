"""A video's texts as the index holds them."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ranking.search.engine import asking, text

TITLE, TAGS, NAMES, DESCRIPTION = 1, 2, 4, 8  # bits: the fields that a word stands in
FIELD_BITS = 4
MOST_TOKENS = 600  # of one video


@dataclass(frozen=True)
class Texts:
    """What of a video is searched; `names` are of its creator and its sound."""

    title: str
    hashtags: Sequence[str] = ()
    names: Sequence[str] = ()
    description: str = ""


@dataclass(frozen=True)
class Document:
    """`terms` are all tokens, `title_terms` those of the title; `packed` has each with its fields as one number."""

    terms: list[str]
    title_terms: list[str]
    packed: list[int]


def document(texts: Texts) -> Document:
    fields: dict[str, int] = {}
    _add(fields, TITLE, text.words(texts.title))
    title_terms = list(fields)
    _add(fields, TAGS, _tag_tokens(texts))
    _add(fields, NAMES, (token for name in texts.names for token in text.words(name)))
    _add(fields, DESCRIPTION, text.words(texts.description))
    return Document(list(fields), title_terms, [pack(token, where) for token, where in fields.items()])


def code(token: str) -> int:
    """28 bits of a token. Two words of one video share them once in ten million."""
    return zlib.crc32(token.encode(errors="replace")) >> FIELD_BITS


def pack(token: str, fields: int) -> int:
    return code(token) << FIELD_BITS | fields


def _tag_tokens(texts: Texts) -> Iterable[str]:
    """Each hashtag as itself, as a word, and as the words it is made of; those in the title and description, too."""
    written = asking.TAG.findall(text.normalise(f"{texts.title} {texts.description}"))
    for each in [*texts.hashtags, *written]:
        if token := text.tag(each):
            yield from (token, token[1:])
            yield from text.words(each)


def _add(fields: dict[str, int], field: int, tokens: Iterable[str]) -> None:
    for token in tokens:
        if token in fields or len(fields) < MOST_TOKENS:
            fields[token] = fields.get(token, 0) | field
