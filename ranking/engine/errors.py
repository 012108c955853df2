"""What the engine refuses. Plain ValueErrors: the engine knows nothing of Django or of HTTP."""


class RankingInputError(ValueError):
    """Columns that do not fit together: a shape, a length, a range or an order is wrong."""


class WeightsError(RankingInputError):
    """A weight set that cannot score: not finite, negative, or not summing to 1."""
