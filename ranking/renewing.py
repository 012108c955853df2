"""Building feeds and making them the current ones, for the person who asks or for many ahead of their asking."""

from collections.abc import Mapping, Sequence

from django.db import DatabaseError

from engagement import history as histories
from engagement import profiles
from nova.clients.redis import RedisError
from ranking import building, generations
from ranking.building import Wanted
from ranking.reading import Reading, read_to_build
from ranking.stored_feed import Feed


def renew(user_id: str, reading: Reading, generation: bytes) -> Feed:
    """A person's feed as of now: the current one from here on, unless their taste changes meanwhile.

    Raises DatabaseError where there is no catalogue to choose from.
    """
    history = histories.of(user_id, reading.recent)
    (feed,) = building.build([Wanted(user_id, history, generation)])
    generations.save(user_id, feed, reading.tastes, provisional=not history.is_complete)
    profiles.save({user_id: history})
    return feed


def renew_many(user_ids: Sequence[str]) -> int:
    """The same for many at once, but for those whose feed somebody builds at this moment; returns how many.

    Raises DatabaseError, and RedisError when there is nowhere to put them.
    """
    readings = read_to_build(user_ids)
    try:
        return _renew(readings)
    except (DatabaseError, RedisError):
        for user_id, reading in readings.items():
            generations.unlock(user_id, reading.name)
        raise


def _renew(readings: Mapping[str, Reading]) -> int:
    found = histories.of_many({user_id: reading.recent for user_id, reading in readings.items()})
    wanted = [Wanted(user_id, found[user_id], reading.name) for user_id, reading in readings.items()]
    for each, feed in zip(wanted, building.build(wanted), strict=True):
        reading = readings[each.user_id]
        generations.save(each.user_id, feed, reading.tastes, provisional=not each.history.is_complete)
    profiles.save(found)
    return len(wanted)
