"""The feeds that this process built while Redis was away: for some seconds, so that not every page builds one."""

import time

from ranking.stored_feed import Feed

LIFETIME = 10.0  # seconds; cut short what Redis would know: the person's next watch or like
LARGEST = 1_000  # feeds, of about 40 kB each in memory
_kept: dict[str, tuple[float, Feed]] = {}


def get(user_id: str, generation: bytes | None) -> Feed | None:
    """The feed of this generation, or whichever there is where that is None."""
    kept_at, feed = _kept.get(user_id, (0.0, None))
    if feed is None or time.monotonic() - kept_at > LIFETIME:
        return None
    return feed if generation in (None, feed.generation) else None


def keep(user_id: str, feed: Feed) -> None:
    if len(_kept) >= LARGEST:
        _kept.clear()
    _kept[user_id] = time.monotonic(), feed


def forget_all() -> None:
    _kept.clear()
