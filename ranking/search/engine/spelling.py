"""What a word may have been meant to be, by edit distance and by how often words are used.

An edit is a letter too many, too few, or wrong, or two neighbours that changed places (Damerau-Levenshtein).
"""

import math
from collections import Counter
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from ranking.search.engine.vocabulary import Vocabulary

SHORTEST, LONGEST = 2, 32  # characters; a longer word is no slip of the finger
TWO_EDITS_FROM = 8  # characters
RARE_SHARE = 1e-3  # of all videos: a word that is in more of them is meant
MUCH_RARER = 20.0  # times, than what it may have been meant to be
SECOND_EDIT, OTHER_INITIAL, SAME_LETTERS = 5.0, 1.5, 1.0  # in units of ln(frequency)


@dataclass(frozen=True)
class Correction:
    """`weight` is 1 for the likeliest."""

    word: str
    weight: float


def edits_allowed(word: str) -> int:
    """None for numbers and for what is too short or too long to be guessed at."""
    if not SHORTEST <= len(word) <= LONGEST or any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= TWO_EDITS_FROM else 1


def corrections(word: str, vocabulary: Vocabulary, *, most: int = 3) -> list[Correction]:
    """What a rare or unknown word may have been meant to be, the likeliest first."""
    known = vocabulary.count(word)
    edits = edits_allowed(word)
    if not edits or known > max(1.0, RARE_SHARE * vocabulary.documents):
        return []
    scored = sorted((-_likelihood(word, *each), each[0]) for each in _within(word, edits, known, vocabulary))[:most]
    return [Correction(other, math.exp(scored[0][0] - least)) for least, other in scored]


def split(word: str, vocabulary: Vocabulary) -> tuple[str, str] | None:
    """The two frequent words that were written as one, where that is likelier than the one."""
    known = vocabulary.count(word)
    halves = ((word[:at], word[at:]) for at in range(2, len(word) - 1))
    rated = [(min(vocabulary.count(left), vocabulary.count(right)), (left, right)) for left, right in halves]
    best = max(rated, default=(0, None))
    return best[1] if best[0] >= max(1.0, MUCH_RARER * known) else None


def _within(word: str, edits: int, known: int, vocabulary: Vocabulary) -> list[tuple[str, int, int]]:
    """Words that are near enough and frequent enough, with their distance and frequency."""
    found = process.extract(
        word, vocabulary.near(word, edits), scorer=OSA.distance, score_cutoff=edits, limit=None, processor=None
    )
    rated = ((other, int(distance), vocabulary.count(other)) for other, distance, _ in found if distance)
    return [each for each in rated if each[2] >= MUCH_RARER * known and _is_plausible(word, each[0])]


def _is_plausible(word: str, other: str) -> bool:
    """Of two letters one may be missing, or they changed places; another letter would leave nothing to go by."""
    return len(word) > SHORTEST or len(other) > len(word) or sorted(word) == sorted(other)


def _likelihood(word: str, other: str, distance: int, frequency: int) -> float:
    """The logarithm of how likely `other` was meant, up to a constant."""
    rating = math.log(1 + frequency) - SECOND_EDIT * (distance - 1)
    rating -= OTHER_INITIAL * (word[0] != other[0])
    return rating + SAME_LETTERS * (set(word) == set(other) or Counter(word) == Counter(other))
