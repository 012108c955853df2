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

    def enter(self) -> int:
        """The permit for one call that is not made in a `with`, to save its microsecond: to be followed by
        `self.breaker.tell(permit, failed=False)` or by `failed`. Raises what `refuse` makes."""
        permit = None if patience.is_lost(self.engine) else self.breaker.ask()
        if permit is None:
            self._count()
            raise self.refuse(f"{self.engine} is away: not asked")
        return permit

    def failed(self, permit: int, error: BaseException) -> None:
        """The call ended with this error."""
        is_away = self.is_away(error)
        if is_away is not None:
            self._count()
            self.breaker.tell(permit, failed=is_away)
            if is_away:
                patience.lose(self.engine)

    def _count(self) -> None:
        if self.errors is not None:
            self.errors.inc()


class Call:
    __slots__ = ("_guard", "_permit")

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def __enter__(self) -> None:
        self._permit = self._guard.enter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._guard.breaker.tell(self._permit, failed=False)
        else:
            self._guard.failed(self._permit, error)
