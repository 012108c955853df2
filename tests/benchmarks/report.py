"""One line of a benchmark: what, its goal, the figure, and whether it is met."""

import sys
from collections.abc import Sequence
from typing import NamedTuple


class Figure(NamedTuple):
    """`at_least` or `at_most` is the goal; neither for a figure that is only told."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def goal(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return "" if self.at_most is None else f"≤ {self.at_most:,g}"

    @property
    def verdict(self) -> str:
        if self.goal == "":
            return ""
        met = self.value >= self.at_least if self.at_least is not None else self.value <= (self.at_most or 0)
        return "yes" if met else "NO"


def head(title: str) -> None:
    say(f"\n{title:<58}{'goal':>10}{'figure':>12}")


def tell(figure: Figure) -> None:
    """Print a figure as soon as it is there."""
    number = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:,.2f}"
    say(f"{figure.name:<58}{figure.goal:>10}{number:>12} {figure.unit:<10} {figure.verdict}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
