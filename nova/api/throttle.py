"""100 requests a minute per user (`RATE_LIMIT_PER_MINUTE`), counted in Redis in one atomic step."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from nova import metrics
from nova.clients import redis
from nova.clients.redis_script import Script

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module

WINDOW = 60  # seconds
# A fixed window that starts with the first request: the counter and its end are one key.
COUNT = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {used, redis.call('TTL', KEYS[1])}
"""
_count = Script(COUNT)


def key(user_id: str) -> str:
    return f"rate:u:{user_id}"


def headers(used: int, reset: int) -> dict[str, int]:
    """What an answer tells of a limit: requests, and seconds until they are counted anew."""
    limit = settings.RATE_LIMIT_PER_MINUTE
    return {"RateLimit-Limit": limit, "RateLimit-Remaining": max(0, limit - used), "RateLimit-Reset": reset}


class UserRateThrottle(BaseThrottle):
    """Counts a request. A limit of 0 counts and never refuses; without Redis nobody is refused."""

    def __init__(self) -> None:
        self.reset = WINDOW

    def allow_request(self, request: Request, view: "APIView") -> bool:
        user_id = getattr(request.user, "id", None)
        used = self.count(request, user_id) if user_id is not None else None
        limit = settings.RATE_LIMIT_PER_MINUTE
        if used is None or not limit:
            return True
        request._request.rate_limit_headers = headers(used, self.reset)  # type: ignore[attr-defined]
        if used > limit:
            metrics.RATE_LIMITED.inc()
        return used <= limit

    def wait(self) -> float:
        return self.reset

    def count(self, request: Request, user_id: str) -> int | None:
        """How many requests this is in the user's minute, which ends in `self.reset` seconds; None without Redis."""
        with redis.fail_open("rate_limit"):
            used, reset = _count([key(user_id)], [WINDOW])
            self.reset = max(1, reset)
            return used
        return None
