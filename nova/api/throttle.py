"""100 requests a minute per user (`RATE_LIMIT_PER_MINUTE`), counted in Redis in one atomic step."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from nova.clients import redis

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module

WINDOW = 60  # seconds
# A fixed window that starts with the first request: the counter and its end are one key.
COUNT = """
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {used, redis.call('TTL', KEYS[1])}
"""


class UserRateThrottle(BaseThrottle):
    """Counts a request. A limit of 0 counts and never refuses; without Redis nobody is refused."""

    def __init__(self) -> None:
        self.reset = WINDOW

    def allow_request(self, request: Request, view: "APIView") -> bool:
        user_id = getattr(request.user, "id", None)
        if user_id is None:
            return True
        used = self._count(user_id)
        limit = settings.RATE_LIMIT_PER_MINUTE
        if used is None or not limit:
            return True
        headers = {
            "RateLimit-Limit": limit,
            "RateLimit-Remaining": max(0, limit - used),
            "RateLimit-Reset": self.reset,
        }
        request._request.rate_limit_headers = headers  # type: ignore[attr-defined]
        return used <= limit

    def wait(self) -> float:
        return self.reset

    def _count(self, user_id: str) -> int | None:
        with redis.fail_open("rate_limit"):
            answer: Any = redis.connection().eval(COUNT, 1, f"rate:u:{user_id}", WINDOW)
            used, self.reset = int(answer[0]), max(1, int(answer[1]))
            return used
        return None
