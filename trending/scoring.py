"""How much something rises. Pure: arrays in, arrays out; no Django, no clock, no I/O.

Rows are n sounds or hashtags. An item rises when more people come to it than its own past led to expect: than its week,
than the hours just before, than the same hours of other days, each moved by the tide that lifts everything. The score
is that surplus in standard deviations, so a giant that is always big has none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZON = 2.0  # hours that count as now
HALF_LIFE = 0.25  # hours; after so long somebody counts half
# A person who came `a` hours ago counts 2^(−a / HALF_LIFE). One per hour, steadily, come to EXPOSURE; the variance of
# such a sum is its mean times SPREAD (that of weights squared to that of weights).
EXPOSURE = HALF_LIFE / np.log(2) * (1 - 2 ** (-HORIZON / HALF_LIFE))
SPREAD = HALF_LIFE / (2 * np.log(2)) * (1 - 2 ** (-2 * HORIZON / HALF_LIFE)) / EXPOSURE
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
class Now:
    """(n,) of the last HORIZON hours. `decayed`: people, each once, by their latest event. `people`: the same without
    decay. `visits`: people summed over creators; `leader`: people of the one creator who has most."""

    decayed: Floats
    people: Floats
    creators: Floats
    visits: Floats
    leader: Floats


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
    came = now.decayed * without_leader(now)
    scores = np.min([surplus(came, past) for past in known], axis=0)
    allowed = (now.people >= FEWEST_PEOPLE) & (now.creators >= FEWEST_CREATORS) & (scores >= RISES_FROM)
    return np.where(allowed, scores, 0.0)


def without_leader(now: Now) -> Floats:
    """(n,) shares, 0 to 1: no creator's audience counts for more than those of all others together.

    Who has a crowd of accounts look at their own videos gains nothing from it.
    """
    others = now.visits - now.leader
    return np.minimum(now.people, 2.0 * others) / np.maximum(now.people, 1.0)


def surplus(came: Floats, past: Past) -> Floats:
    """(n,) (came − expected) / standard deviation, against one past.

    The rate is Gamma distributed after its prior (PRIOR_PEOPLE in one hour) and what was seen; people come by Poisson's
    law, the rate itself wanders. So the variance is expected × SPREAD + expected² × (WANDERING² + 1 / people seen).
    """
    rate = past.people / past.hours * tide(came, past) + PRIOR_PEOPLE
    expected = rate * EXPOSURE
    doubt = WANDERING**2 + 1.0 / (past.people + PRIOR_PEOPLE)
    return (came - expected) / np.sqrt(expected * SPREAD + expected**2 * doubt)


def tide(came: Floats, past: Past) -> float:
    """What everything together is doing: the median of came / expected, weighted by expected.

    A morning lifts all items at once and is no news of any. A few that burst do not move a median.
    """
    expected = past.people / past.hours * EXPOSURE
    seen = expected > 0
    ratios = np.append(came[seen] / expected[seen], 1.0)
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
