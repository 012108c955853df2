"""Breaker and patience together: what a call meets on its way to an engine."""

from collections.abc import Iterator

import pytest

from nova import patience
from nova.clients import breaker
from nova.clients.breaker import State
from nova.clients.guard import Guard, RefusedError


class EngineError(Exception):
    pass


class EngineRefusedError(RefusedError, EngineError):
    pass


class WrongError(EngineError):
    """The engine answered: no."""


def is_away(error: BaseException) -> bool | None:
    return not isinstance(error, WrongError) if isinstance(error, EngineError) else None


@pytest.fixture
def guard() -> Iterator[Guard]:
    yield Guard("tested", EngineRefusedError, is_away)
    breaker._breakers.pop("tested")


@pytest.fixture
def request_under_way() -> Iterator[None]:
    patience.begin()
    yield
    patience.end()


def fail(guard: Guard, error: BaseException) -> None:
    with pytest.raises(type(error)), guard.call():
        raise error


def test_an_engine_that_is_away_is_not_asked_again(guard: Guard) -> None:
    for _ in range(10):
        fail(guard, EngineError())
    with pytest.raises(EngineRefusedError), guard.call():
        raise AssertionError("asked")


def test_a_refusal_is_an_error_of_the_engine_and_known_as_a_refusal(guard: Guard) -> None:
    for _ in range(10):
        fail(guard, EngineError())
    with pytest.raises(EngineError) as raised, guard.call():
        pass
    assert isinstance(raised.value, RefusedError)


@pytest.mark.parametrize("error", [WrongError(), KeyError(), KeyboardInterrupt(), GeneratorExit()])
def test_errors_that_are_not_the_absence_of_an_answer_open_nothing(guard: Guard, error: BaseException) -> None:
    for _ in range(50):
        fail(guard, error)
    assert guard.breaker.state is State.CLOSED


def test_within_a_request_one_failure_is_enough(guard: Guard, request_under_way: None) -> None:
    fail(guard, EngineError())
    with pytest.raises(EngineRefusedError), guard.call():
        raise AssertionError("asked")
    assert guard.breaker.state is State.CLOSED


def test_within_a_request_an_engine_that_says_no_is_asked_again(guard: Guard, request_under_way: None) -> None:
    fail(guard, WrongError())
    with guard.call():
        pass


def test_the_next_request_asks_again(guard: Guard, request_under_way: None) -> None:
    fail(guard, EngineError())
    patience.end()
    patience.begin()
    with guard.call():
        pass


def test_outside_of_a_request_nothing_is_remembered(guard: Guard) -> None:
    fail(guard, EngineError())
    with guard.call():
        pass


def test_refusals_are_no_failures(guard: Guard, request_under_way: None) -> None:
    fail(guard, EngineError())
    for _ in range(20):
        with pytest.raises(EngineRefusedError), guard.call():
            pass
    assert guard.breaker.state is State.CLOSED
