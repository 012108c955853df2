"""What a request for a feed asks, read in a hurry: most of the requests that Nova answers come this way."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from nova.api.throttle import UserRateThrottle
from nova.errors import NovaError
from ranking import feed, generations
from ranking.reading import Reading, read
from ranking.serializers import FeedQuerySerializer

DEFAULT_LIMIT = 40
LIMITS = {str(limit): limit for limit in range(30, 51)}
LONGEST_CURSOR = 200
PLAIN = {"limit", "cursor"}
READING = {"GET", "HEAD"}
ASKED = "nova.feed_request"  # in the environ: the FeedRequest, once it is counted and read


class FeedQuery(NamedTuple):
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    explain: bool = False


FIRST_PAGE = FeedQuery()


def parse(given: Mapping[str, str]) -> FeedQuery:
    """Raises ValidationError. Whatever is not as apps send it is left to the serializer, which takes twenty times as
    long and has the last word on what is allowed."""
    cursor = given.get("cursor")
    limit = LIMITS.get(given.get("limit", "40"))
    if (
        limit
        and "explain" not in given
        and (cursor is None or (0 < len(cursor) <= LONGEST_CURSOR and cursor.isascii()))
    ):
        return FeedQuery(limit, cursor)
    query = FeedQuerySerializer(data=dict(given.items()))  # where `limit=` is no number
    query.is_valid(raise_exception=True)
    wanted = query.validated_data
    return FeedQuery(wanted["limit"], wanted.get("cursor"), wanted["explain"] == "1")


def parse_plain(query_string: str) -> FeedQuery | None:
    """What apps send: no more than a limit and a cursor, once each, with nothing escaped. None for anything else."""
    if not query_string:
        return FIRST_PAGE
    if not query_string.isascii() or "%" in query_string or "+" in query_string:
        return None
    pairs = [pair.partition("=") for pair in query_string.split("&")]
    given = {name: value for name, _, value in pairs}
    limit, cursor = LIMITS.get(given.get("limit", "40")), given.get("cursor")
    if limit is None or len(given) < len(pairs) or not given.keys() <= PLAIN:
        return None
    return FeedQuery(limit, cursor) if cursor is None or 0 < len(cursor) <= LONGEST_CURSOR else None


def _parse(request: Request) -> FeedQuery:
    return parse(request.query_params) if request._request.META.get("QUERY_STRING") else FIRST_PAGE


class ReadingThrottle(UserRateThrottle):
    """Counts the request in the same round trip that reads the caller's feed. One that will be refused is counted
    alone: it must not take the right to build."""

    def count(self, request: Request, user_id: str) -> int | None:
        try:
            if request.method not in READING:
                return super().count(request, user_id)
            asked = request.META.get(ASKED) or ask(user_id, _parse(request))
        except (NovaError, ValidationError):  # the view finds the same and says so
            return super().count(request, user_id)
        request.META[ASKED] = asked
        self.reset = asked.reading.reset
        return asked.reading.used


class FeedRequest(NamedTuple):
    """What was asked, where that is, what was read for it, and when that began (`time.perf_counter`)."""

    query: FeedQuery
    place: feed.Place
    reading: Reading
    started: float


def ask(user_id: str, query: FeedQuery) -> FeedRequest:
    """Count the request and read what it needs. Raises InvalidCursorError and CursorExpiredError."""
    started = time.perf_counter()
    place = feed.place(user_id, query.cursor)
    return FeedRequest(query, place, read(user_id, place.generation), started)


def of(request: Request, user_id: str) -> FeedRequest:
    """What was read for this request. Raises ValidationError, InvalidCursorError and CursorExpiredError."""
    known: FeedRequest | None = request.META.get(ASKED)
    if known:
        return known
    started, query = time.perf_counter(), _parse(request)
    return FeedRequest(query, feed.place(user_id, query.cursor), Reading(name=generations.new_name()), started)
