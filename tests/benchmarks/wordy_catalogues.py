"""Catalogues of any size whose videos are written as people write: 50,000 words, few of them in most titles (Zipf)."""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from itertools import accumulate

from django.db import connection
from django.utils import timezone

WORDS = 50_000
CONSONANTS = (*"bcdfghjklmnprstvw", "st", "tr", "pl", "ch")
SYLLABLES = [first + second for first in CONSONANTS for second in (*"aeiou", "ai", "ea", "or", "in")]
CREATORS = """
INSERT INTO reels_creator (id, name) SELECT 'creator-' || n, initcap(w) || ' ' || n
FROM unnest(%s::text[]) WITH ORDINALITY AS given(w, n) ON CONFLICT DO NOTHING
"""
COPY = """
COPY reels_video (id, creator_id, title, description, hashtags, category, created_at, is_published) FROM STDIN
"""
COUNTERS = """
INSERT INTO engagement_videocounter (video_id, view_count, like_count, share_count, comment_count)
SELECT id, (hashtext(id::text) & 1023), 0, 0, 0 FROM reels_video ON CONFLICT DO NOTHING
"""


class Words:
    """Words by rank; drawing one takes the first of all once in some ten times, as in real text."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        made: dict[str, None] = {}
        while len(made) < WORDS:
            made["".join(rng.choices(SYLLABLES, k=rng.choice((2, 2, 3, 3, 3, 4))))] = None
        self.by_rank = list(made)
        self._weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))

    def draw(self, number: int) -> list[str]:
        return self._rng.choices(self.by_rank, cum_weights=self._weights, k=number)

    def between(self, first: int, last: int) -> str:
        """A word of those ranks."""
        return self.by_rank[self._rng.randrange(first, last)]


def fill(videos: int, words: Words, *, already: int = 0) -> None:
    """Videos `already` to `videos` into PostgreSQL."""
    rng, creators = random.Random(already), max(1, videos // 20)
    with connection.cursor() as cursor:
        cursor.execute(CREATORS, [[words.by_rank[n % WORDS] for n in range(creators)]])
        with cursor.cursor.copy(COPY) as copy:
            for row in _rows(range(already, videos), creators, words, rng):
                copy.write_row(row)
        cursor.execute(COUNTERS)
        cursor.execute("ANALYZE reels_video")


def _rows(numbers: range, creators: int, words: Words, rng: random.Random) -> Iterator[tuple[object, ...]]:
    now = timezone.now()
    for number in numbers:
        title = " ".join(words.draw(rng.randint(6, 14)))
        description = " ".join(words.draw(20)) if number % 4 == 0 else ""
        age = dt.timedelta(days=365 * rng.random() ** 2)
        creator = f"creator-{1 + rng.randrange(creators)}"
        video_id = uuid.UUID(int=rng.getrandbits(128), version=4)
        yield video_id, creator, title, description, words.draw(5), f"category-{number % 12}", now - age, True
