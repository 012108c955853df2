"""The weight set: what each signal is worth."""

import math
from dataclasses import astuple, dataclass
from functools import cached_property, reduce

import numpy as np

from ranking.engine.arrays import Float32s
from ranking.engine.errors import WeightsError

SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Weights:
    """Weights of the five signals: finite, none negative, summing to 1 within 1e-6. Else `WeightsError`."""

    freshness: float = 0.15
    completion: float = 0.40
    engagement: float = 0.25
    affinity: float = 0.15
    deep: float = 0.05

    def __post_init__(self) -> None:
        values = astuple(self)
        if not all(math.isfinite(value) and value >= 0.0 for value in values):
            raise WeightsError("weights must be finite and not negative")
        if abs(math.fsum(values) - 1.0) > SUM_TOLERANCE:
            raise WeightsError(f"weights must sum to 1, not {math.fsum(values):g}")

    def as_array(self) -> Float32s:
        """(5,) float32 in the order of the fields, read-only."""
        return self._array

    @cached_property
    def _array(self) -> Float32s:
        exact = np.array(astuple(self))
        rounded = (exact / exact.sum()).astype(np.float32)
        # Rounding to float32 may leave a perfect video a hair above 1. Taking that hair off the largest
        # weight here keeps every score in [0, 1] without cutting n scores in every request.
        while reduce(np.add, rounded) > 1.0:
            largest = rounded.argmax()
            rounded[largest] = np.nextafter(rounded[largest], np.float32(0.0))
        rounded.flags.writeable = False
        return rounded
