"""What staff tuned for ranking."""

import zlib

from nova.remembered import Remembered
from ranking.models import FeatureFlag, WeightSet

FEED_FLAG = "use_new_feed_ranking"


def _read_weight_set() -> WeightSet:
    """Without an active set, the defaults rank."""
    return WeightSet.objects.filter(is_active=True).first() or WeightSet(name="built-in defaults")


def _read_feed_flag() -> FeatureFlag:
    return FeatureFlag.objects.filter(name=FEED_FLAG).first() or FeatureFlag(name=FEED_FLAG, percent=0)


weight_set = Remembered(_read_weight_set)
feed_flag = Remembered(_read_feed_flag)


def stamp(user_id: str) -> int:
    """A number that changes with what a person's feed depends on here: a feed with another one is out of date."""
    active, flag = weight_set.get(), feed_flag.get()
    return zlib.crc32(f"{active.pk} {active.updated_at} {flag.is_on_for(user_id)}".encode())


def forget() -> None:
    """Read everything anew the next time: for the process that made a change."""
    weight_set.forget()
    feed_flag.forget()
