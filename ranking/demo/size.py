"""How much to make, and the random streams it is made from."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

FEWEST_VIDEOS, FEWEST_VIEWERS, FEWEST_EVENTS = 200, 20, 200
# Nobody watches a video twice, and the top video has 8.7 times the views of an average one
# (`views.ranked_counts`): beyond this it would need more viewers than there are.
MOST_EVENTS_PER_PAIR = 0.08


class SizeError(ValueError):
    """Sizes that no plausible history has; the message says what to change."""


@dataclass(frozen=True)
class Size:
    """Raises SizeError for what cannot be made."""

    videos: int = 2_000
    viewers: int = 500
    events: int = 60_000

    def __post_init__(self) -> None:
        least = {"videos": FEWEST_VIDEOS, "viewers": FEWEST_VIEWERS, "events": FEWEST_EVENTS}
        for name, fewest in least.items():
            if getattr(self, name) < fewest:
                raise SizeError(f"{name} must be at least {fewest}")
        most = int(MOST_EVENTS_PER_PAIR * self.videos * self.viewers)
        if self.events > most:
            raise SizeError(
                f"{self.videos:,} videos and {self.viewers:,} viewers have room for {most:,} events at most: "
                "ask for fewer events, or for more videos or viewers"
            )

    @property
    def creators(self) -> int:
        """150 for 2,000 videos."""
        return self.videos * 3 // 40


class Stream(IntEnum):
    """Each part draws from its own stream, so that a change to one leaves the others as they were."""

    CATALOGUE, TEXT, TASTES, VIEWS, REACTIONS, MEASUREMENTS = range(6)


def random_stream(seed: int, stream: Stream) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(int(stream),)))
