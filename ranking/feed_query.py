"""What a request for a feed asks, read in a hurry: most of the requests that Nova answers come this way."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rest_framework.request import Request

from nova.api.throttle import UserRateThrottle
from nova.errors import NovaError
from ranking import feed, generations
from ranking.generations import Reading
from ranking.serializers import FeedQuerySerializer

DEFAULT_LIMIT = 40
LIMITS = {str(limit): limit for limit in range(30, 51)}
LONGEST_CURSOR = 200


@dataclass(frozen=True)
class FeedQuery:
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    explain: bool = False


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


class ReadingThrottle(UserRateThrottle):
    """Counts the request in the same round trip that reads the caller's feed."""

    def count(self, request: Request, user_id: str) -> int | None:
        read = generations.read(user_id, _generation(user_id, request))
        request._request.feed_reading = read  # type: ignore[attr-defined]
        self.reset = read.reset
        return read.used


def reading(request: Request) -> Reading:
    """What the throttle read."""
    return request._request.feed_reading  # type: ignore[attr-defined]


def _generation(user_id: str, request: Request) -> bytes | None:
    """The one that the cursor names; an unsound cursor is refused later, when the request has been counted."""
    with suppress(NovaError):
        return feed.place(user_id, request.query_params.get("cursor")).generation
    return None
