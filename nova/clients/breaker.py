"""Circuit breakers: an engine that mostly fails is left alone for a while, so that nobody waits for it.

CLOSED lets every call through and becomes OPEN when more than half of at least ten calls of the last ten seconds
failed. OPEN refuses all calls; after a pause it becomes HALF_OPEN, which lets one call through and refuses the others.
If that one succeeds the breaker closes and forgets what was, if it fails the pause begins anew.

Each process has its own: what it sees of an engine (its connections, its network) may not be what others see.
"""

import os
import threading
import time
from collections.abc import Callable
from enum import IntEnum

import structlog

from nova import metrics

log = structlog.get_logger(__name__)
WINDOW = 10  # seconds, and as many buckets
FEWEST_CALLS = 10
PAUSE = 5.0
ENGINES = ("postgresql", "redis", "clickhouse", "kafka", "broker")


class State(IntEnum):
    """The numbers are the values of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Window:
    """How many calls of the last ten seconds there were, and how many of them failed, by whole seconds."""

    def __init__(self) -> None:
        self._seconds = [-WINDOW] * WINDOW
        self._calls = [0] * WINDOW
        self._failures = [0] * WINDOW
        self._last_failure = -WINDOW

    def add(self, now: float, *, failed: bool) -> None:
        second = int(now)
        bucket = second % WINDOW
        if self._seconds[bucket] != second:
            self._seconds[bucket], self._calls[bucket], self._failures[bucket] = second, 0, 0
        self._calls[bucket] += 1
        if failed:
            self._failures[bucket] += 1
            self._last_failure = second

    def mostly_failed(self, now: float) -> bool:
        second = int(now)
        if second - self._last_failure >= WINDOW:  # the usual case, and the cheap one
            return False
        recent = [bucket for bucket in range(WINDOW) if second - self._seconds[bucket] < WINDOW]
        calls = sum(self._calls[bucket] for bucket in recent)
        return calls >= FEWEST_CALLS and 2 * sum(self._failures[bucket] for bucket in recent) > calls


def ignore_change(state: State) -> None:
    pass


class Breaker:
    """`ask` before a call, `tell` how it went. `on_change` hears of each new state, one at a time."""

    def __init__(
        self,
        *,
        pause: float = PAUSE,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[State], None] = ignore_change,
    ) -> None:
        self._pause, self._clock, self._on_change = pause, clock, on_change
        self.reset()

    def reset(self) -> None:
        """As on the first day, with a new lock: after a fork the old one may be held by a thread of the parent."""
        self._lock = threading.Lock()
        self._window = Window()
        self._state = State.CLOSED
        self._epoch = 0  # counts openings and closings, so that the end of a call from before them is not believed
        self._trial_at = 0.0

    @property
    def state(self) -> State:
        return self._state

    def ask(self) -> int | None:
        """A permit for one call, to be given back with `tell`; None when the call must not be made."""
        epoch = self._epoch
        if self._state is State.CLOSED:
            return epoch
        with self._lock:
            return self._ask_for_trial()

    def tell(self, permit: int, *, failed: bool) -> None:
        """How the call ended. A call of which nothing is to be told, because it was broken off, tells nothing."""
        with self._lock:
            if permit != self._epoch:
                return
            if self._state is State.HALF_OPEN:
                self._turn(State.OPEN if failed else State.CLOSED)
            elif self._state is State.CLOSED:
                now = self._clock()
                self._window.add(now, failed=failed)
                if self._window.mostly_failed(now):
                    self._turn(State.OPEN)

    def _ask_for_trial(self) -> int | None:
        """A trial that is never told of (its thread died) is followed by another after the same pause."""
        if self._state is State.CLOSED:
            return self._epoch
        now = self._clock()
        if now < self._trial_at:
            return None
        self._trial_at = now + self._pause
        if self._state is State.OPEN:
            self._state = State.HALF_OPEN
            self._on_change(self._state)
        return self._epoch

    def _turn(self, state: State) -> None:
        self._state = state
        self._epoch += 1
        self._window = Window()
        self._trial_at = self._clock() + self._pause
        self._on_change(state)


def breaker_of(engine: str) -> Breaker:
    """The breaker of this process for an engine, made when it is first asked for."""
    with _making:
        if engine not in _breakers:
            metrics.BREAKER_STATE.labels(engine).set(State.CLOSED)
            _breakers[engine] = Breaker(on_change=lambda state: _announce(engine, state))
        return _breakers[engine]


def reset_all() -> None:
    """In a forked child, which has connections of its own, and between tests."""
    for engine, breaker in _breakers.items():
        if breaker.state is not State.CLOSED:
            metrics.BREAKER_STATE.labels(engine).set(State.CLOSED)
        breaker.reset()


def _announce(engine: str, state: State) -> None:
    metrics.BREAKER_STATE.labels(engine).set(state)
    metrics.BREAKER_TRANSITIONS.labels(engine, state.name.lower()).inc()
    log.warning("circuit_breaker_changed", engine=engine, state=state.name.lower())


_making = threading.Lock()
_breakers: dict[str, Breaker] = {}
for _engine in ENGINES:  # so that the metric is there, and closed, from the start
    breaker_of(_engine)
os.register_at_fork(after_in_child=reset_all)
