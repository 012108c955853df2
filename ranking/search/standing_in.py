"""A search while ClickHouse is away: the newest videos in PostgreSQL, scored by the same formula."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import connection

from ranking.search import dictionary, documents
from ranking.search.engine import asking, merging, scoring
from ranking.search.engine.asking import Question
from ranking.search.engine.documents import Texts, document
from ranking.search.engine.merging import AS_ASKED, SOME, Result
from ranking.search.finding import MOST_RESULTS, Answer
from ranking.search.retrieval import Filters

NEWEST = 20_000
MOST_SCORED = 300
# No index helps here, so only the newest are looked at, and accents are not folded before the scores are.
MATCHING = """
SELECT v.id, v.creator_id, extract(epoch FROM v.created_at)::float8, 0, c.name, v.title, v.description, v.hashtags,
       coalesce(s.name, '')
FROM (SELECT * FROM reels_video WHERE is_published ORDER BY created_at DESC LIMIT %(newest)s) v
JOIN reels_creator c ON c.id = v.creator_id LEFT JOIN reels_sound s ON s.id = v.sound_id
WHERE concat_ws(' ', v.title, array_to_string(v.hashtags, ' '), c.name, c.id, s.name, v.description) ILIKE ANY(%(like)s)
    AND (%(creator_id)s::text IS NULL OR v.creator_id = %(creator_id)s)
    AND (%(category)s::text IS NULL OR v.category = %(category)s)
    AND (%(since)s::float8 IS NULL OR extract(epoch FROM v.created_at) >= %(since)s)
    AND (%(until)s::float8 IS NULL OR extract(epoch FROM v.created_at) < %(until)s)
ORDER BY v.created_at DESC, v.id LIMIT %(most)s
"""


def search(query: str, filters: Filters) -> Answer:
    """Nothing is corrected. Raises DatabaseError."""
    words = asking.parse(query)
    if not words:
        return Answer([])
    vocabulary = dictionary.words.get()
    asked = asking.question(words, vocabulary)
    rows = _matching(asked, filters)
    retrieved = documents.of(asked, rows, _documents(rows))
    scores = scoring.score(retrieved.found, asked, vocabulary)
    results = [
        Result(merging.relevance(AS_ASKED if complete else SOME, float(score)), row[0].bytes)
        for row, score, complete in zip(rows, scores.scores, scores.complete, strict=True)
    ]
    return Answer(merging.merge(results, MOST_RESULTS))


def _matching(asked: Question, filters: Filters) -> Sequence[tuple[Any, ...]]:
    patterns = [f"%{token.lstrip('#')}%" for group in asked.required for token in group.tokens]
    with connection.cursor() as cursor:
        cursor.execute(MATCHING, vars(filters) | {"newest": NEWEST, "like": patterns, "most": MOST_SCORED})
        return cursor.fetchall()


def _documents(rows: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
    texts = (
        Texts(title, tags, (name, creator, sound), about) for _, creator, _, _, name, title, about, tags, sound in rows
    )
    return [np.array(document(each).packed, np.uint32) for each in texts]
