"""How much something rises. Pure: arrays in, arrays out; no Django, no clock, no I/O.

Rows are n sounds or hashtags. An item rises when more people come to it than its own past led to expect: than its week,
than the hours just before, than the same hours of other days, each moved by the tide that lifts everything. The score
is that surplus in standard deviations, so a giant that is always big has none.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZON = 2.0  # hours that count as now
# The prior: before anything was seen of it, an item is thought to have so many people an hour.
PRIOR_PEOPLE = 6.0
WANDERING = 0.2  # what the rate of something steady wanders by, from one hour to the next
FEWEST_PEOPLE, FEWEST_CREATORS = 12, 3
RISES_FROM = 4.0  # standard deviations: among thousands of items, every five minutes, three happen by chance
STEADY = 30.0  # people who are thought to say that there is no tide
LOWEST_TIDE, HIGHEST_TIDE = 0.25, 4.0
# Followers that everybody is thought to have already: 1 to 3 is not a growth of 200 percent.
PRIOR_FOLLOWERS = 100.0


@dataclass(frozen=True)
class Clock:
    """How fast what happened fades: somebody who came `a` hours ago counts 2^(−a / half_life)."""

    half_life: float  # hours

    @property
    def exposure(self) -> float:
        """What one person an hour, steadily, comes to."""
        return self.half_life / math.log(2) * (1 - 2 ** (-HORIZON / self.half_life))

    @property
    def spread(self) -> float:
        """The variance of such a sum by its mean: the sum of the squared weights by that of the weights."""
        squared = self.half_life / (2 * math.log(2)) * (1 - 2 ** (-2 * HORIZON / self.half_life))
        return squared / self.exposure


# A burst shows on the fast one within minutes, a slow climb of something small on the slow one alone.
FAST, SLOW = Clock(1 / 8), Clock(1 / 2)


@dataclass(frozen=True)
class Faded:
    """(n,) people by one clock, each by their latest event. `decayed`: everybody once. `visits`: once for each creator
    whose videos they came to. `leader`: those of the one creator who has most."""

    clock: Clock
    decayed: Floats
    visits: Floats
    leader: Floats


@dataclass(frozen=True)
class Now:
    """(n,) distinct people and creators of the last HORIZON hours, and the people by each clock."""

    people: Floats
    creators: Floats
    faded: tuple[Faded, ...]


@dataclass(frozen=True)
class Past:
    """`people` (n,): summed over the hours of one past. `hours`: how many of them were observed at all."""

    people: Floats
    hours: int


def rising(now: Now, pasts: list[Past]) -> Floats:
    """(n,) scores; 0 for what does not rise. Without any past nothing is known to rise."""
    known = [past for past in pasts if past.hours]
    if not known or not len(now.people):
        return np.zeros(len(now.people))
    by_clock = [np.min([surplus(faded, past) for past in known], axis=0) for faded in now.faded]
    scores = np.max(by_clock, axis=0)
    allowed = (now.people >= FEWEST_PEOPLE) & (now.creators >= FEWEST_CREATORS) & (scores >= RISES_FROM)
    return np.where(allowed, scores, 0.0)


def came(faded: Faded) -> Floats:
    """(n,) people, where no creator's audience counts for more than those of all others together.

    Who has a crowd of accounts look at their own videos gains nothing from it.
    """
    return np.minimum(faded.decayed, 2.0 * (faded.visits - faded.leader))


def surplus(faded: Faded, past: Past) -> Floats:
    """(n,) (came − expected) / standard deviation, against one past.

    The rate is Gamma distributed after its prior (PRIOR_PEOPLE in one hour) and what was seen; people come by Poisson's
    law, the rate itself wanders. So the variance is spread × mean + expected² × (WANDERING² + 1 / people seen), with
    the mean of came and expected: by that of the expected alone a handful of people would be a wonder.
    """
    people, clock = came(faded), faded.clock
    rate = past.people / past.hours * tide(people, clock, past) + PRIOR_PEOPLE
    expected = rate * clock.exposure
    doubt = WANDERING**2 + 1.0 / (past.people + PRIOR_PEOPLE)
    return (people - expected) / np.sqrt(clock.spread * (people + expected) / 2 + expected**2 * doubt)


def tide(people: Floats, clock: Clock, past: Past) -> float:
    """What everything together is doing: the median of people / expected, weighted by expected.

    A morning lifts all items at once and is no news of any. A few that burst do not move a median.
    """
    expected = past.people / past.hours * clock.exposure
    seen = expected > 0
    ratios = np.append(people[seen] / expected[seen], 1.0)
    weights = np.append(expected[seen], STEADY)
    order = np.argsort(ratios, kind="stable")
    reached = np.cumsum(weights[order])
    median = ratios[order][np.searchsorted(reached, reached[-1] / 2)]
    return float(np.clip(median, LOWEST_TIDE, HIGHEST_TIDE))


def growth(followers: Floats, gained: Floats) -> Floats:
    """(n,) the geometric mean of the growth and of the relative growth: gained / √(followers before + the prior).

    0 for who does not grow. `followers` are those of now, `gained` the net growth in a day.
    """
    up = np.maximum(gained, 0.0)
    before = np.maximum(followers - gained, 0.0)
    return up / np.sqrt(before + PRIOR_FOLLOWERS)
