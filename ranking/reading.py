"""All that a page of a feed needs from Redis, in one round trip."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.conf import settings as django_settings

from engagement import recent
from engagement.recent import Recent
from nova.api import throttle
from nova.clients import redis
from nova.clients.redis_script import Script
from ranking import generations
from ranking.generations import LOCK_LIFETIME, PAGING_LIFETIME
from ranking.stored_feed import Feed

# Counts the request, and stops there when it is one too many; then the list of the generation asked for or the current
# one, else the last one and maybe the right to build; and what the person did lately. A list that somebody pages
# through lives on. None ever changes: of one that the asking process holds (ARGV[5]) a 1 says that it is still there.
READ = f"""
local used = redis.call('INCR', KEYS[1])
if used == 1 then redis.call('EXPIRE', KEYS[1], {throttle.WINDOW}) end
local limit, reset = tonumber(ARGV[1]), 0
if limit > 0 then
    reset = redis.call('TTL', KEYS[1])
    if used > limit then return {{used, reset}} end
end
local function list_of(name)
    local key = KEYS[8] .. name
    if name == ARGV[5] and redis.call('EXISTS', key) == 1 then return 1 end
    return redis.call('GET', key)
end
local name, is_current, may_build, list, tastes = ARGV[2], 1, 0, false, ''
if name == '' then
    name = redis.call('GET', KEYS[2])
    if name then list = list_of(name) end
    if not list then
        is_current = 0
        if redis.call('SET', KEYS[5], ARGV[3], 'NX', 'EX', {LOCK_LIFETIME}) then may_build = 1 end
        name = redis.call('ZREVRANGE', KEYS[3], 0, 0)[1] or false  -- a nil would end the answer
        if name then list = list_of(name) end
        tastes = redis.call('GET', KEYS[7]) or ''
    end
    redis.call('SET', KEYS[6], '', 'EX', ARGV[4])
else
    list = list_of(name)
    if list then
        redis.call('EXPIRE', KEYS[8] .. name, {PAGING_LIFETIME})
        redis.call('ZADD', KEYS[3], redis.call('TIME')[1] + {PAGING_LIFETIME}, name)
        redis.call('EXPIRE', KEYS[3], {PAGING_LIFETIME})
    end
    tastes = redis.call('GET', KEYS[7]) or ''
end
local noted = redis.call('HGETALL', KEYS[4])
if #noted > 0 then redis.call('EXPIRE', KEYS[4], {recent.LIFETIME}) end
return {{used, reset, name, list, is_current, may_build, noted, tastes}}
"""
_read = Script(READ)
NOTHING_RECENT = Recent()
MOST_HELD = 300  # lists, of 11 kB each: those of people who page now


class Reading(NamedTuple):
    """What Redis knows when a page is asked for. `feed` is the generation asked for; else the current one or, where
    `is_current` is false, the one before; None where there is none or it cannot be read. `may_build` says whether the
    caller has the right to build and nobody else. `used` requests were made in this minute, which ends in `reset`
    seconds; None while Redis is away."""

    used: int | None = None
    reset: int = throttle.WINDOW
    feed: Feed | None = None
    is_current: bool = False
    may_build: bool = False
    recent: Recent = NOTHING_RECENT
    tastes: bytes = b""  # what `save` compares; not read for a current feed, which nobody builds
    name: bytes = b""  # of the feed that is built next, and of the lock


_held: dict[str, Feed] = {}  # the list that each person was last served from here: their next pages are of it


def read(user_id: str, generation: bytes | None = None) -> Reading:
    """Count a request and read what its page needs; an empty reading without Redis."""
    name, held = generations.new_name(), _held.get(user_id)
    with redis.fail_open("read_feed"):
        answer = _read(_keys(user_id), _arguments(generation, name, held))
        if len(answer) == 2:
            return Reading(used=answer[0], reset=max(1, answer[1]))
        return _reading(user_id, answer, name, held)
    return Reading(name=name)


def _keys(user_id: str) -> list[str]:
    return [
        throttle.key(user_id),
        generations.key(user_id),
        generations.index_key(user_id),
        recent.key(user_id),
        generations.lock_key(user_id),
        generations.active_key(user_id),
        generations.tastes_key(user_id),
        generations.list_key(user_id, ""),
    ]


def _arguments(generation: bytes | None, name: bytes, held: Feed | None) -> list[str | int]:
    return [
        django_settings.RATE_LIMIT_PER_MINUTE,
        generation.hex() if generation else "",
        name.hex(),
        django_settings.FEED_AHEAD_SECONDS or 1,
        held.generation.hex() if held else "",
    ]


def _reading(user_id: str, answer: list[Any], name: bytes, held: Feed | None) -> Reading:
    used, reset, generation, raw, is_current, may_build, noted, tastes = answer
    feed = held if raw == 1 else generations.parse(generation, raw)
    if feed and feed is not held:
        _hold(user_id, feed)
    known = recent.parse(zip(noted[::2], noted[1::2], strict=True)) if noted else NOTHING_RECENT
    return Reading(used, max(1, reset), feed, bool(is_current), bool(may_build), known, tastes, name)


def _hold(user_id: str, feed: Feed) -> None:
    if len(_held) >= MOST_HELD:
        _held.clear()
    _held[user_id] = feed


def read_to_build(user_ids: Sequence[str]) -> dict[str, Reading]:
    """What a build has to know of each of these people, but for those whose feed is being built already: the others
    are the caller's to build. Raises RedisError."""
    names = {user_id: generations.new_name() for user_id in user_ids}
    pipeline = redis.connection().pipeline(transaction=False)
    for user_id, name in names.items():
        pipeline.set(generations.lock_key(user_id), name.hex(), nx=True, ex=LOCK_LIFETIME)
        pipeline.get(generations.tastes_key(user_id)).hgetall(recent.key(user_id))
    answers = iter(pipeline.execute())
    return {
        user_id: Reading(recent=recent.parse(noted.items()), tastes=tastes or b"", name=names[user_id])
        for user_id, locked, tastes, noted in zip(names, answers, answers, answers, strict=True)
        if locked
    }
