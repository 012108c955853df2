"""What is asked: a query as groups of tokens. A video has a group when it has any of its tokens."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ranking.search.engine import spelling, text
from ranking.search.engine.spelling import Correction
from ranking.search.engine.variants import variants
from ranking.search.engine.vocabulary import Vocabulary

MOST_WORDS = 12  # the rest of a longer query is not looked for
MOST_ENDINGS = 50  # words that an unfinished one may become
WELL_KNOWN = 5  # videos: a word that is in so many is finished
UNFINISHED, JOINED, CORRECTED = 0.6, 0.9, 0.9  # how much such a hit counts beside the word itself
TAG = re.compile(r"(#[^\s#]+)")
# Words that say little: they count where they are, and nothing is left out for lacking them.
OPTIONAL = frozenset(
    re.findall(
        r"\w+",
        "a an and are at be by can do for from how i in is it me my of on or s so that the this to up was we what when "
        "with you your de la le les el los las un una une et y en du des der die das und mit fur ein eine il di e da "
        "и в на с к о по не что это как для он",
    )
)


@dataclass(frozen=True)
class Group:
    """`tokens` with the weight of a hit of each; `asked` is the word they stand for, `corrections` those of them that
    it was corrected to."""

    asked: str
    tokens: dict[str, float]
    required: bool = True
    corrections: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    groups: tuple[Group, ...] = field(default=())

    @property
    def required(self) -> tuple[Group, ...]:
        return tuple(group for group in self.groups if group.required)

    @property
    def tokens(self) -> list[str]:
        return text.distinct(token for group in self.groups for token in group.tokens)


def parse(query: str) -> list[str]:
    """The words of a query, each once; `#tag` is one word. Empty when there is nothing to look for in it."""
    tokens: list[str] = []
    for at, part in enumerate(TAG.split(text.normalise(query))):
        tokens += [text.tag(part)] if at % 2 else text.asked_words(part)
    return text.distinct(filter(None, tokens))[:MOST_WORDS]


def question(words: Sequence[str], vocabulary: Vocabulary) -> Question:
    """What to look for: the words, their other forms, what the last one may go on to, and neighbours written as one."""
    groups = [Group(word, {word: 1.0} | _forms(word, vocabulary)) for word in words]
    groups[-1:] = [_unfinished(group, vocabulary) for group in groups[-1:]]
    for left in range(len(groups) - 1):
        groups[left], groups[left + 1] = _joined(groups[left], groups[left + 1], vocabulary)
    return Question(_with_optional(groups))


def corrected(words: Sequence[str], vocabulary: Vocabulary) -> Question | None:
    """The same for what the words may have been meant to be; None when there is nothing to correct."""
    groups = [group for word in words for group in _corrected(word, vocabulary)]
    if all(not group.corrections for group in groups):
        return None
    return Question(_with_optional(groups))


def chosen(asked: Question, hits: Mapping[str, int]) -> str:
    """A corrected question in words: of several corrections the one that the best results have most often."""
    return " ".join(_choice(group, hits) for group in asked.groups)


def _forms(word: str, vocabulary: Vocabulary) -> dict[str, float]:
    return {} if word.startswith("#") else variants(word, vocabulary)


def _unfinished(group: Group, vocabulary: Vocabulary) -> Group:
    word = group.asked
    if len(word) < 2 or word.startswith("#") or text.is_dense(word) or vocabulary.count(word) >= WELL_KNOWN:
        return group
    endings = dict.fromkeys(vocabulary.starting_with(word, MOST_ENDINGS), UNFINISHED)
    return replace(group, tokens=endings | group.tokens)


def _joined(left: Group, right: Group, vocabulary: Vocabulary) -> tuple[Group, Group]:
    """`ice cream` is also found as `icecream`."""
    one = left.asked + right.asked
    if "#" in one or not vocabulary.count(one):
        return left, right
    joined = {one: JOINED}
    return replace(left, tokens=joined | left.tokens), replace(right, tokens=joined | right.tokens)


def _with_optional(groups: Sequence[Group]) -> tuple[Group, ...]:
    if all(group.asked in OPTIONAL for group in groups):
        return tuple(groups)
    return tuple(replace(group, required=group.asked not in OPTIONAL) for group in groups)


def _corrected(word: str, vocabulary: Vocabulary) -> list[Group]:
    mark, plain = ("#", word[1:]) if word.startswith("#") else ("", word)
    if text.is_dense(plain) or plain in OPTIONAL:
        return [Group(word, {word: 1.0})]
    found = spelling.corrections(plain, vocabulary)
    halves = None if mark else spelling.split(plain, vocabulary)
    if halves and not _is_better(found, halves, vocabulary):
        return [Group(half, {half: CORRECTED}, corrections=(half,)) for half in halves]
    tokens = {f"{mark}{each.word}": CORRECTED * each.weight for each in found}
    forms = {} if mark or not found else variants(found[0].word, vocabulary)
    scaled = {form: CORRECTED * weight for form, weight in (forms or _forms(word, vocabulary)).items()}
    return [Group(word, scaled | tokens | {word: 1.0}, corrections=tuple(tokens))]


def _is_better(found: Sequence[Correction], halves: tuple[str, str], vocabulary: Vocabulary) -> bool:
    """Whether the likeliest correction is more usual than both halves."""
    return any(vocabulary.count(each.word) >= min(map(vocabulary.count, halves)) for each in found[:1])


def _choice(group: Group, hits: Mapping[str, int]) -> str:
    if not group.corrections:
        return group.asked
    return max(group.corrections, key=lambda each: group.tokens[each] * hits.get(each, 0))
