"""Pages of a search as ready JSON."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import orjson
import structlog
from django.db import DatabaseError

from engagement import history, ready, recent
from engagement.models import Block
from nova.api import cursors
from nova.clients.clickhouse import ClickHouseError
from nova.errors import InvalidCursorError
from ranking.search import finding, lists, standing_in
from ranking.search.engine.merging import Result
from ranking.search.finding import Answer
from ranking.search.retrieval import Filters

log = structlog.get_logger(__name__)
PURPOSE = "search"
DIGEST_BYTES = 8
POSITION = struct.Struct(f">{DIGEST_BYTES}s{lists.NAME_BYTES}sHf16s")  # query, list, next entry, the last one shown
INDEX, CATALOGUE = "index", "catalogue"
LIKED, NOT_LIKED = b',"liked":true,"relevance":%.6f}', b',"liked":false,"relevance":%.6f}'


@dataclass(frozen=True)
class Wanted:
    query: str
    filters: Filters
    limit: int

    @property
    def digest(self) -> bytes:
        """What a cursor is good for: pages may differ in size, not in what is asked."""
        asked = orjson.dumps([self.query, *astuple(self.filters)])
        return hashlib.sha256(asked).digest()[:DIGEST_BYTES]


@dataclass(frozen=True)
class Place:
    """Where a page begins: in which list, at which entry, behind which one should the list be lost."""

    name: bytes
    start: int = 0
    last: Result | None = None


@dataclass(frozen=True)
class Page:
    """`json` is the whole answer; `basis` says what answered: the index, or the newest of the catalogue."""

    json: bytes
    basis: str


def place(user_id: str, wanted: Wanted, cursor: str | None) -> Place:
    """Raises InvalidCursorError, also for one of another query, and CursorExpiredError."""
    if cursor is None:
        return Place(lists.new_name())
    payload = cursors.read(PURPOSE, user_id, cursor)
    if len(payload) != POSITION.size or not payload.startswith(wanted.digest):
        raise InvalidCursorError
    _, name, start, relevance, video_id = POSITION.unpack(payload)
    return Place(name, start, Result(relevance, video_id))


def page(*, user_id: str, wanted: Wanted, place: Place) -> Page:
    """Raises DatabaseError when neither the index nor PostgreSQL can answer."""
    answer, start, basis = _list(user_id, wanted, place)
    shown, end = _shown(user_id, answer.results, start, wanted.limit)
    cursor = None
    if end < len(answer.results):
        if place.last is None or start != place.start:
            lists.save(user_id, place.name, answer)
        last = answer.results[end - 1]
        cursor = cursors.sign(PURPOSE, user_id, POSITION.pack(wanted.digest, place.name, end, *last))
    return Page(_json(shown, cursor, answer.did_you_mean), basis)


def _list(user_id: str, wanted: Wanted, place: Place) -> tuple[Answer, int, str]:
    """The list, where the page begins in it, and what it was made of."""
    kept = lists.load(user_id, place.name) if place.last else None
    if kept:
        return kept, place.start, INDEX
    answer, basis = _search(wanted)
    return answer, _behind(answer.results, place.last), basis


def _search(wanted: Wanted) -> tuple[Answer, str]:
    try:
        return finding.search(wanted.query, wanted.filters), INDEX
    except ClickHouseError as error:
        log.warning("search_without_index", error=str(error))
        return standing_in.search(wanted.query, wanted.filters), CATALOGUE


def _behind(results: Sequence[Result], last: Result | None) -> int:
    """How many entries a person has seen whose last one was this: as near to it as a new list can be, in which all are
    a little older."""
    if last is None:
        return 0
    for at, each in enumerate(results):
        if each.video_id == last.video_id:
            return at + 1
    return sum(each.relevance >= last.relevance for each in results)


def _shown(user_id: str, results: Sequence[Result], start: int, limit: int) -> tuple[list[bytes], int]:
    """Up to `limit` videos from `start` that are there and of nobody blocked, and where the next page begins."""
    shown: list[bytes] = []
    viewer = Viewer(user_id)
    while len(shown) < limit and start < len(results):
        some = results[start : start + limit - len(shown)]
        start += len(some)
        shown += viewer.presented(some)
    return shown, start


class Viewer:
    """Somebody who looks at results: whom they blocked, and what they like. While PostgreSQL is away, what Redis noted
    of the last hours stands in."""

    def __init__(self, user_id: str) -> None:
        self._user_id = user_id
        self._blocked: frozenset[str] | None = None

    def presented(self, results: Sequence[Result]) -> list[bytes]:
        ids = [each.video_id for each in results]
        videos, blocked = ready.videos(ids), self.blocked()
        liked = self._liked(results)
        return [
            video.json + (LIKED if each.video_id in liked else NOT_LIKED) % each.relevance
            for each, video in zip(results, videos, strict=True)
            if video.json and not (blocked and video.creator_id in blocked)
        ]

    def blocked(self) -> frozenset[str]:
        if self._blocked is None:
            self._blocked = self._read_blocked()
        return self._blocked

    def _read_blocked(self) -> frozenset[str]:
        try:
            blocks = Block.objects.filter(user_id=self._user_id, is_active=True)
            return frozenset(blocks.values_list("creator_id", flat=True))
        except DatabaseError as error:
            log.warning("blocks_incomplete", error=type(error).__name__)
            return recent.read(self._user_id).blocked

    def _liked(self, results: Sequence[Result]) -> set[bytes]:
        try:
            return {each.bytes for each in history.liked_among(self._user_id, finding.video_ids(results))}
        except DatabaseError:
            noted = recent.read(self._user_id).liked
            return {video_id for video_id, is_liked in noted.items() if is_liked}


def _json(videos: Sequence[bytes], cursor: str | None, did_you_mean: str | None) -> bytes:
    end = b'true,"next_cursor":"%s"' % cursor.encode() if cursor else b'false,"next_cursor":null'
    return b'{"data":[%s],"has_more":%s,"did_you_mean":%s}' % (b",".join(videos), end, orjson.dumps(did_you_mean))
