"""A catalogue whose every video has a known grade for every query, and misspellings of those queries."""

import datetime as dt
import random
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils import timezone

from ranking.demo.words import BY_CATEGORY
from ranking.search.engine import text
from reels.models import Creator, Sound, Video

# In other languages: what people type, what is written, and what it is a distractor for.
ELSEWHERE = {
    "apfelkuchen mit zimt": "Apfelkuchen mit Zimt wie bei Oma", "strassenbahn fahren": "Mit der Straßenbahn fahren",
    "creme brulee": "Crème brûlée sans chalumeau", "gateau basque": "Le gâteau basque de mon père",
    "jalapeno salsa": "Salsa de jalapeño en cinco minutos", "corazon de melon": "Corazón de melón, la canción",
    "pierogi z kapusta": "Pierogi z kapustą od babci", "lodz wieczorem": "Łódź wieczorem, spacer",
    "борщ со сметаной": "Настоящий борщ со сметаной", "ёлка своими руками": "Елка своими руками за час",
    "红烧肉": "外婆教我做的红烧肉", "广场舞": "周末的广场舞大赛",
    "ラーメン": "深夜のラーメンを食べる", "猫カフェ": "東京の猫カフェに行ってみた",
    "김치찌개": "집에서 만드는 김치찌개", "ผัดไทย": "วิธีทำผัดไทยง่ายๆ", "चाय मसाला": "घर पर चाय मसाला बनाना",
    "قهوة عربية": "طريقة عمل قَهْوَة عربية",
}  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SMALL = re.compile(r"\b(a|an|the|my|our|and|of|in|on|at|with|who|to|that|from|so)\b")
Grades = dict[uuid.UUID, int]


@dataclass
class World:
    """`queries`: grades of the videos that answer each; all others answer it with 0."""

    videos: list[Video] = field(default_factory=list)
    queries: dict[str, Grades] = field(default_factory=dict)


def make(rng: random.Random) -> World:
    """For each subject: videos about it (3), tagged with it (2), that mention it (1), and that share a word (0)."""
    world = World()
    for category, words in BY_CATEGORY.items():
        for subject in words.subjects:
            grades = world.queries.setdefault(_query(subject), {})
            about = rng.sample(words.openings, 3)
            for opening in about:
                grades[_add(world, rng, category, f"{opening.format(subject)}, {rng.choice(words.details)}")] = 3
            other = rng.choice(words.details)
            tags = [text.tag(_query(subject))[1:]] if len(_query(subject).split()) == 1 else _query(subject).split()
            grades[_add(world, rng, category, f"Something new, {other}", hashtags=tags)] = 2
            mention = f"First a word on {subject}, then on what comes after it"
            grades[_add(world, rng, category, f"A day like others, {other}", description=mention)] = 1
            for word in _query(subject).split():
                _add(world, rng, category, f"Nothing but {word} {rng.choice(words.tags)} and noise")
    for query, title in ELSEWHERE.items():
        world.queries[query] = {_add(world, rng, "elsewhere", title): 3}
    return world


def misspelt(rng: random.Random, query: str) -> str | None:
    """One edit in one word of four letters or more; None where there is none of an alphabet."""
    words = query.split()
    long = [at for at, word in enumerate(words) if len(word) >= 4 and word.isalpha() and not text.is_dense(word)]
    if not long:
        return None
    at = rng.choice(long)
    words[at] = _edited(rng, words[at])
    return " ".join(words)


def _edited(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word) - 1)
    letter = rng.choice(
        [each for each in (LETTERS if word.isascii() else word) if each not in word[at : at + 2]] or ["x"]
    )
    return rng.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + letter + word[at:],
            word[:at] + letter + word[at + 1 :],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )


def _query(subject: str) -> str:
    plain = SMALL.sub(" ", subject.replace("'s", "").replace("-", " ").lower())
    return " ".join(plain.split()[:3])


def _add(world: World, rng: random.Random, category: str, title: str, **given: object) -> uuid.UUID:
    number = len(world.videos)
    video = Video(
        **{
            "id": uuid.UUID(int=rng.getrandbits(128), version=4),
            "creator": Creator(id=f"creator-{number % 97}", name=_name(number)),
            "sound": Sound(id=f"sound-{number % 31}", name=f"Sound {number % 31}"),
            "title": title,
            "category": category,
            "hashtags": rng.sample(BY_CATEGORY[category].tags, 2) if category in BY_CATEGORY else [],
            "created_at": timezone.now() - dt.timedelta(days=rng.random() * 300),
        }
        | given
    )
    world.videos.append(video)
    return video.id


def _name(number: int) -> str:
    return f"{('Ada', 'Ben', 'Cleo', 'Dara', 'Emil')[number % 5]} {('North', 'Vogel', 'Okoye', 'Lind')[number % 4]}"


def dcg(grades: Iterator[int]) -> float:
    from math import log2

    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades))
