"""Titles and hashtags that read like a person's."""

import numpy as np

from ranking.demo.words import BY_CATEGORY
from ranking.demo.words.common import CLOSINGS, TAGS

USUAL_LENGTH, LENGTH_SPREAD = 81.0, 24.0  # characters; whole phrases make the median 82
# How many hashtags, from none to eight: five in the median.
TAG_COUNT_SHARES = (0.03, 0.05, 0.09, 0.13, 0.17, 0.22, 0.15, 0.09, 0.07)
COMMON_TAG_SHARE = 0.3


def title(rng: np.random.Generator, category: str) -> str:
    """An opening, then as many phrases as come nearest to a length drawn for it."""
    words = BY_CATEGORY[category]
    wanted = rng.normal(USUAL_LENGTH, LENGTH_SPREAD)
    text = _any(rng, words.openings).format(_any(rng, words.subjects))
    text = _nearer(wanted, text, f"{text}, {_any(rng, words.details)}")
    for at in rng.permutation(len(CLOSINGS))[:3]:
        text = _nearer(wanted, text, f"{text}{'' if text.endswith('?') else '.'} {CLOSINGS[at]}")
    return text[0].upper() + text[1:]


def hashtags(rng: np.random.Generator, category: str) -> list[str]:
    """Without `#`, each once; most of the category, the usual ones more often."""
    words = BY_CATEGORY[category]
    count = rng.choice(len(TAG_COUNT_SHARES), p=TAG_COUNT_SHARES)
    common = rng.binomial(count, COMMON_TAG_SHARE)
    return [*_some_tags(rng, words.tags, count - common), *_some_tags(rng, TAGS, common)]


def _nearer(wanted: float, text: str, longer: str) -> str:
    return longer if abs(len(longer) - wanted) < abs(len(text) - wanted) else text


def _any(rng: np.random.Generator, phrases: tuple[str, ...]) -> str:
    return phrases[rng.integers(len(phrases))]


def _some_tags(rng: np.random.Generator, tags: tuple[str, ...], count: int) -> list[str]:
    weights = 1.0 / np.arange(1, len(tags) + 1)
    chosen = rng.choice(len(tags), count, replace=False, p=weights / weights.sum())
    return [tags[at] for at in chosen]
