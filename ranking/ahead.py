"""Feeds that are built before anybody asks: what drops a feed, or is about to end its hour, has it built again.

`feed:due` holds people by when that is. Only for who was here lately (`FEED_AHEAD_SECONDS`) anything is built: the
others wait for their first page when they come back.
"""

import time
from collections.abc import Sequence

from django.db import DatabaseError

from nova.clients import redis
from nova.clients.redis import RedisError
from nova.clients.redis_script import Script
from ranking import generations, renewing

BATCH = 20
LONGEST = 5.0  # seconds of one call
# Who takes people off the list builds for them. If that process dies, they are built for when they ask.
TAKE_DUE = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
if #due > 0 then redis.call('ZREM', KEYS[1], unpack(due)) end
return due
"""
_take_due = Script(TAKE_DUE)


def build_due() -> int:
    """Build what is due; returns how many feeds. Raises RedisError and DatabaseError."""
    built, until = 0, time.monotonic() + LONGEST
    while time.monotonic() < until and (people := _due()):
        try:
            built += renewing.renew_many(_expected_back(people))
        except (DatabaseError, RedisError):
            with redis.fail_open("put_back"):
                generations.due(people, time.time())
            raise
    return built


def _due() -> list[str]:
    return [each.decode() for each in _take_due([generations.DUE_KEY], [time.time(), BATCH])]


def _expected_back(people: Sequence[str]) -> list[str]:
    pipeline = redis.connection().pipeline(transaction=False)
    for user_id in people:
        pipeline.exists(generations.active_key(user_id))
    return [user_id for user_id, was_here in zip(people, pipeline.execute(), strict=True) if was_here]
