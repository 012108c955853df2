"""Other forms of a word that the index knows: plurals, and English endings. A wrong guess costs nothing, since only
words that are there are looked for."""

from collections.abc import Iterator

from ranking.search.engine.vocabulary import Vocabulary

SHORTEST = 3  # letters of a stem
PLURAL, OTHER_FORM = 0.85, 0.6
ENDINGS = ("ing", "ed", "er", "ers")
VOWELS = "aeiou"


def variants(word: str, vocabulary: Vocabulary) -> dict[str, float]:
    """Known forms of a word, each with how much a hit of it counts beside a hit of the word itself."""
    if len(word) < SHORTEST or not (word.isascii() and word.isalpha()):
        return {}
    rated = {each: OTHER_FORM for stem in _stems(word) for each in _forms(stem)}
    rated |= dict.fromkeys(_numbers(word), PLURAL)
    return {each: weight for each, weight in rated.items() if each != word and vocabulary.count(each)}


def _numbers(word: str) -> Iterator[str]:
    """Singulars and plurals."""
    yield f"{word}s"
    yield f"{word}es"
    if word.endswith("y"):
        yield f"{word[:-1]}ies"
    if word.endswith("ies"):
        yield f"{word[:-3]}y"
    if word.endswith("s") and not word.endswith("ss") and len(word) > SHORTEST:
        yield word[:-1]
    if word.endswith("es") and len(word) > SHORTEST + 1:
        yield word[:-2]


def _stems(word: str) -> Iterator[str]:
    yield word.removesuffix("e") if len(word) > SHORTEST else word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
            stem = word[: -len(ending)]
            yield stem
            if stem[-1] == stem[-2]:  # running, run
                yield stem[:-1]


def _forms(stem: str) -> Iterator[str]:
    yield stem
    yield f"{stem}e"
    endings = (*ENDINGS, "s")
    yield from (f"{stem}{ending}" for ending in endings)
    if len(stem) == SHORTEST and stem[-1] not in VOWELS:  # run, running
        yield from (f"{stem}{stem[-1]}{ending}" for ending in endings)
