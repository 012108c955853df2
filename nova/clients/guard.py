"""What stands before every call to an engine: the breaker of this process and the patience of the request under way."""

from collections.abc import Callable
from types import TracebackType

from prometheus_client import Counter

from nova import patience
from nova.clients.breaker import breaker_of


class RefusedError(Exception):
    """The call was not made: the engine's breaker is open, or the engine has let this request down already.

    Never raised alone: each engine's refusal is also one of that engine's own errors, so that whoever does without
    the engine when it fails does without it when it is refused.
    """


class Guard:
    """`refuse` makes the engine's own error; `is_away` judges an error that a call ended with.

    True: the engine did not answer, or not in time. False: it did, whatever it said. None: the error tells nothing of
    the engine, for instance because the call was broken off from outside. `errors` counts what failed or was refused.
    """

    def __init__(
        self,
        engine: str,
        refuse: Callable[[str], Exception],
        is_away: Callable[[BaseException], bool | None],
        errors: Counter | None = None,
    ) -> None:
        self.engine = engine
        self.breaker = breaker_of(engine)
        self.refuse, self.is_away, self.errors = refuse, is_away, errors

    def call(self) -> "Call":
        """A context manager around one call. Raises what `refuse` makes."""
        return Call(self)

    def count(self) -> None:
        if self.errors is not None:
            self.errors.inc()


class Call:
    __slots__ = ("_guard", "_permit")

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __enter__(self) -> None:
        guard = self._guard
        permit = None if patience.is_lost(guard.engine) else guard.breaker.ask()
        if permit is None:
            guard.count()
            raise guard.refuse(f"{guard.engine} is away: not asked")
        self._permit = permit

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        guard = self._guard
        if error is None:
            guard.breaker.tell(self._permit, failed=False)
        elif (failed := guard.is_away(error)) is not None:
            guard.count()
            guard.breaker.tell(self._permit, failed=failed)
            if failed:
                patience.lose(guard.engine)
