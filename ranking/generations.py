"""Feed generations in Redis: a feed as it was built once, kept until nobody pages through it any more.

`feed:u:{user}` names the current one, `feed:g3:{user}:{generation}` holds its list. An engagement drops the name alone:
the next first page is built anew, while older cursors go on in the list they began. `feed:gs:{user}` lists the
generations by when they expire, so that an erasure finds them and the last one can stand in for a new one.
`feed:b:{user}` is held by whoever builds. The 3 is FORMAT: while an older Nova runs beside a new one, neither reads a
list of the other and both build anew.
"""

import random
import time
from collections.abc import Iterable
from contextlib import suppress

import structlog
from django.conf import settings as django_settings

from nova.api import cursors
from nova.clients import redis
from nova.clients.redis_script import Script
from ranking import stored_feed
from ranking.stored_feed import FORMAT, Feed, UnknownFeedError

log = structlog.get_logger(__name__)
JITTER = 0.05  # so that feeds warmed together do not expire together
PROVISIONAL_LIFETIME = 10  # of one that was built while an engine was away
PAGING_LIFETIME = cursors.LIFETIME + django_settings.FEED_LIFETIME_SECONDS + 600  # for the current feed's last cursor
LONGEST_BUILD = 60  # seconds
LOCK_LIFETIME = 5  # seconds until a builder that died is given up
GENERATION_BYTES = 8
DUE_KEY = "feed:due"  # people by when their feed is to be built ahead, see `ranking.ahead`

# Make a feed the current one, unless the person said something new while it was built, and give the lock back.
SAVE = """
redis.call('SET', KEYS[2], ARGV[3], 'EX', ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[4], 0, ARGV[6])
redis.call('ZADD', KEYS[4], ARGV[6] + ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[4], ARGV[4])
local kept = (redis.call('GET', KEYS[3]) or '') == ARGV[5]
if kept then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
if redis.call('GET', KEYS[5]) == ARGV[7] then redis.call('DEL', KEYS[5]) end
return kept
"""
UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end"
_save, _unlock = Script(SAVE), Script(UNLOCK)


def new_name() -> bytes:
    return random.getrandbits(8 * GENERATION_BYTES).to_bytes(GENERATION_BYTES, "big")


def key(user_id: str) -> str:
    return f"feed:u:{user_id}"


def list_key(user_id: str, generation: str) -> str:
    """Apart from `key`, or a person called `ann:0123…` would share a key with one called `ann`."""
    return f"feed:g{FORMAT}:{user_id}:{generation}"


def index_key(user_id: str) -> str:
    return f"feed:gs:{user_id}"


def lock_key(user_id: str) -> str:
    return f"feed:b:{user_id}"


def tastes_key(user_id: str) -> str:
    """Counts the changes of a person's taste, for as long as a build may last."""
    return f"feed:t:{user_id}"


def active_key(user_id: str) -> str:
    """Is there for as long as a person who was here is expected back."""
    return f"feed:a:{user_id}"


def parse(generation: bytes | None, raw: bytes | None) -> Feed | None:
    """The feed of this name (in hex) as Redis has it; None where there is none that this Nova knows."""
    if generation and raw:
        with suppress(UnknownFeedError):
            return stored_feed.from_bytes(bytes.fromhex(generation.decode()), raw)
    return None


def current(user_id: str) -> Feed | None:
    """The current feed alone."""
    with redis.fail_open("read_feed"):
        name = redis.connection().get(key(user_id))
        return parse(name, redis.connection().get(list_key(user_id, name.decode()))) if name else None
    return None


def lock(user_id: str, name: bytes) -> bool:
    """Whether the caller may build this person's feed and nobody else does. Without Redis everybody may."""
    with redis.fail_open("lock_feed"):
        return bool(redis.connection().set(lock_key(user_id), name.hex(), nx=True, ex=LOCK_LIFETIME))
    return True


def unlock(user_id: str, name: bytes) -> None:
    """Let others build, if it is still the caller's turn."""
    with redis.fail_open("unlock_feed"):
        _unlock([lock_key(user_id)], [name.hex()])


def tastes(user_id: str) -> bytes:
    """What `save` compares: read it before a build reads anything else."""
    with redis.fail_open("read_tastes"):
        return redis.connection().get(tastes_key(user_id)) or b""
    return b""


def save(user_id: str, feed: Feed, tastes_before: bytes, *, provisional: bool = False) -> None:
    """Make this the current feed, unless a taste changed since `tastes_before`; its pages can be read in any case."""
    with redis.fail_open("write_feed"):
        kept = _save(_save_keys(user_id, feed), _save_arguments(feed, tastes_before, provisional))
        if kept and not provisional:
            due([user_id], time.time() + django_settings.FEED_LIFETIME_SECONDS * (1 - 2 * JITTER))


def _save_keys(user_id: str, feed: Feed) -> list[str]:
    name = feed.generation.hex()
    return [key(user_id), list_key(user_id, name), tastes_key(user_id), index_key(user_id), lock_key(user_id)]


def _save_arguments(feed: Feed, tastes_before: bytes, provisional: bool) -> list[str | bytes | int]:
    name = feed.generation.hex()
    lifetime = int(django_settings.FEED_LIFETIME_SECONDS * random.uniform(1 - JITTER, 1))
    if provisional:
        lifetime = min(lifetime, PROVISIONAL_LIFETIME)
    return [name, lifetime, feed.to_bytes(), PAGING_LIFETIME, tastes_before, int(time.time()), name]


def due(user_ids: Iterable[str], at: float) -> None:
    """Have these people's feeds built ahead at that time. Raises RedisError."""
    redis.connection().zadd(DUE_KEY, dict.fromkeys(user_ids, at))


def drop_current(user_ids: Iterable[str], *, ahead: bool = True) -> bool:
    """Have the next first page of these people built anew, `ahead` of their asking if there is time, and no build that
    has begun already kept.

    Returns whether Redis took it.
    """
    with redis.fail_open("drop_feed"):
        pipeline = redis.connection().pipeline(transaction=False)
        for user_id in user_ids:
            pipeline.delete(key(user_id))
            pipeline.incr(tastes_key(user_id)).expire(tastes_key(user_id), LONGEST_BUILD)
            if ahead:
                pipeline.zadd(DUE_KEY, {user_id: time.time()})
        pipeline.execute()
        return True
    return False


def held(user_id: str) -> dict[str, list[str]]:
    """Which videos the lists hold that Redis has of a person, by generation, in their order. Raises RedisError."""
    names = redis.connection().zrange(index_key(user_id), 0, -1)
    feeds = {name.decode(): parse(name, redis.connection().get(list_key(user_id, name.decode()))) for name in names}
    return {name: list(map(str, feed.video_ids)) for name, feed in feeds.items() if feed}


def forget(user_id: str) -> None:
    """Drop all lists of a person. Raises RedisError."""
    names = [name.decode() for name in redis.connection().zrange(index_key(user_id), 0, -1)]
    keys = [key(user_id), index_key(user_id), tastes_key(user_id), lock_key(user_id), active_key(user_id)]
    redis.connection().unlink(*keys, *(list_key(user_id, name) for name in names))
    redis.connection().zrem(DUE_KEY, user_id)
