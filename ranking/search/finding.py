"""A search from its words to its ranked list."""

import math
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations

import numpy as np
import structlog
from django.db import DatabaseError

from ranking.search import dictionary, documents, retrieval
from ranking.search.documents import Retrieved
from ranking.search.engine import asking, merging, scoring
from ranking.search.engine.asking import Group, Question
from ranking.search.engine.documents import FIELD_BITS, code
from ranking.search.engine.merging import AS_ASKED, CORRECTED, SOME, Result
from ranking.search.engine.scoring import Scores
from ranking.search.engine.vocabulary import Vocabulary
from ranking.search.retrieval import Filters

log = structlog.get_logger(__name__)
MOST_RESULTS = 500
FEW = 5  # results: with fewer, words may be misspelt
ENOUGH = 10  # results: with fewer, those with some of the words follow
MOST_GROUPS = 5  # of which one may be missing
SINGLES_UNTIL = 100  # videos
SUGGESTED_BY = 20  # of the best results


@dataclass(frozen=True)
class Answer:
    """`did_you_mean` is the query as it was corrected, where it was."""

    results: list[Result]
    did_you_mean: str | None = None


class Search:
    """One search. Each step adds to `results`, those with all words as they were asked, corrected, or some of them."""

    def __init__(self, words: Sequence[str], filters: Filters, vocabulary: Vocabulary) -> None:
        self.words, self.filters, self.vocabulary = words, filters, vocabulary
        self.results: list[Result] = []
        self.did_you_mean: str | None = None

    def add_complete(self, asked: Question, band: int) -> int:
        """Those with all words; returns how many."""
        many = self._expected(asked.required) > retrieval.MOST_CANDIDATES
        candidates = retrieval.with_all(asked, self.filters, titles_first=many)
        retrieved, scores = self._scored(asked, candidates, complete=True)
        before = len(self.results)
        self._add(retrieved, scores, band, scores.complete)
        if band == CORRECTED and len(self.results) > before:
            self.did_you_mean = asking.chosen(asked, _best_hits(retrieved, scores, asked))
        return len(self.results) - before

    def add_some(self, asked: Question) -> None:
        """Those with all words but one, or with the rarest ones."""
        wanted = list(self._combinations(asked.required))
        if wanted:
            retrieved, scores = self._scored(asked, retrieval.with_some(wanted, self.filters), complete=False)
            self._add(retrieved, scores, SOME, ~scores.complete)

    def _scored(self, asked: Question, candidates: Sequence[uuid.UUID], *, complete: bool) -> tuple[Retrieved, Scores]:
        """While PostgreSQL is away, in the order of the index: popular and new ones first."""
        try:
            retrieved = documents.read(asked, candidates, self.filters)
        except DatabaseError as error:
            log.warning("search_unscored", error=type(error).__name__)
            unread = documents.unread(candidates)
            return unread, Scores(np.linspace(1.0, 0.0, len(candidates)), np.full(len(candidates), complete))
        return retrieved, scoring.score(retrieved.found, asked, self.vocabulary)

    def _combinations(self, groups: Sequence[Group]) -> Iterator[Sequence[Group]]:
        """All but one, and single ones from the rarest on, until these are as many as can be scored."""
        rare = sorted(groups, key=self._frequency)
        if len(groups) > 2:
            yield from combinations(rare[:MOST_GROUPS], min(len(groups), MOST_GROUPS) - 1)
        frequencies = accumulate(map(self._frequency, rare), initial=0)
        if len(groups) > 1:
            yield from ([group] for group, before in zip(rare, frequencies, strict=False) if before < SINGLES_UNTIL)

    def _expected(self, groups: Sequence[Group]) -> float:
        """How many videos have all the groups, were none likelier where another is: often too few."""
        documents = max(1, self.vocabulary.documents)
        return documents * math.prod(min(1.0, self._frequency(group) / documents) for group in groups)

    def _frequency(self, group: Group) -> int:
        return sum(map(self.vocabulary.count, group.tokens))

    def _add(self, retrieved: Retrieved, scores: Scores, band: int, which: np.ndarray) -> None:
        self.results += [
            Result(merging.relevance(band, float(scores.scores[row])), retrieved.video_ids[row].bytes)
            for row in np.flatnonzero(which)
        ]


def search(query: str, filters: Filters) -> Answer:
    """The best videos for a query, at most MOST_RESULTS. Raises ClickHouseError."""
    words = asking.parse(query)
    if not words:
        return Answer([])
    search = Search(words, filters, dictionary.words.get())
    asked = asking.question(words, search.vocabulary)
    complete = search.add_complete(asked, AS_ASKED)
    if complete < FEW and (corrected := asking.corrected(words, search.vocabulary)):
        complete += search.add_complete(corrected, CORRECTED)
        asked = corrected if search.did_you_mean or not complete else asked
    if complete < ENOUGH:
        search.add_some(asked)
    return Answer(merging.merge(search.results, MOST_RESULTS), search.did_you_mean)


def _best_hits(retrieved: Retrieved, scores: Scores, asked: Question) -> Counter[str]:
    """How often the best results have each of the tokens."""
    found = retrieved.found
    ends = np.cumsum(found.hit_counts)
    best = np.argsort(-scores.scores * scores.complete, kind="stable")[:SUGGESTED_BY]
    codes = Counter(
        int(hit) >> FIELD_BITS for row in best for hit in found.hits[ends[row] - found.hit_counts[row] : ends[row]]
    )
    return Counter({token: codes[code(token)] for token in asked.tokens})


def video_ids(results: Iterable[Result]) -> list[uuid.UUID]:
    return [uuid.UUID(bytes=each.video_id) for each in results]
