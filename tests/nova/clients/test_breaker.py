"""Circuit breakers, with a clock that tests turn."""

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from nova.clients import breaker
from nova.clients.breaker import Breaker, State


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[State]:
    return []


@pytest.fixture
def tried(clock: Clock, changes: list[State]) -> Breaker:
    return Breaker(clock=clock, on_change=changes.append)


@pytest.fixture
def opened(tried: Breaker) -> Breaker:
    call(tried, "f" * 10)
    assert tried.state is State.OPEN
    return tried


def call(tried: Breaker, outcomes: str) -> None:
    """One call after the other: `f` fails, `s` succeeds."""
    for outcome in outcomes:
        permit = tried.ask()
        if permit is not None:
            tried.tell(permit, failed=outcome == "f")


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("f" * 9, State.CLOSED),
        ("f" * 10, State.OPEN),
        ("sssss" + "fffff", State.CLOSED),
        ("ssss" + "ffffff", State.OPEN),
        ("ffffff" + "ssss", State.OPEN),
        ("fffff" + "sssss" + "f", State.OPEN),
        ("s" * 1000, State.CLOSED),
        ("s" * 100 + "f" * 100, State.CLOSED),
        ("s" * 100 + "f" * 101, State.OPEN),
    ],
)
def test_more_than_half_of_at_least_ten_calls_must_fail(tried: Breaker, outcomes: str, state: State) -> None:
    call(tried, outcomes)
    assert tried.state is state


def test_failures_are_forgotten_after_ten_seconds(tried: Breaker, clock: Clock) -> None:
    call(tried, "f" * 9)
    clock.now += 10
    call(tried, "f" * 9)
    assert tried.state is State.CLOSED
    clock.now += 9
    call(tried, "f")
    assert tried.state is State.OPEN


def test_successes_of_long_ago_do_not_hide_an_engine_that_is_away(tried: Breaker, clock: Clock) -> None:
    call(tried, "s" * 1000)
    clock.now += 10
    call(tried, "f" * 10)
    assert tried.state is State.OPEN


def test_an_open_breaker_refuses_until_the_pause_is_over(opened: Breaker, clock: Clock) -> None:
    clock.now += 4.99
    assert opened.ask() is None
    clock.now += 0.02
    assert opened.ask() is not None
    assert opened.state is State.HALF_OPEN


def test_half_open_lets_one_call_through(opened: Breaker, clock: Clock) -> None:
    clock.now += 5
    assert [opened.ask() is not None for _ in range(5)] == [True, False, False, False, False]


def test_a_trial_that_succeeds_closes_and_forgets(opened: Breaker, clock: Clock) -> None:
    clock.now += 5
    call(opened, "s" + "f" * 9)
    assert opened.state is State.CLOSED
    call(opened, "f")
    assert opened.state is State.OPEN


def test_a_trial_that_fails_begins_another_pause(opened: Breaker, clock: Clock) -> None:
    clock.now += 5
    call(opened, "f")
    assert opened.state is State.OPEN
    clock.now += 4.99
    assert opened.ask() is None
    clock.now += 0.02
    call(opened, "s")
    assert opened.state is State.CLOSED


def test_a_trial_of_which_nothing_is_ever_heard_is_followed_by_another(opened: Breaker, clock: Clock) -> None:
    clock.now += 5
    assert opened.ask() is not None
    clock.now += 5
    assert opened.ask() is not None
    assert opened.ask() is None


def test_a_trial_that_takes_longer_than_the_pause_still_counts(opened: Breaker, clock: Clock) -> None:
    clock.now += 5
    slow = opened.ask()
    clock.now += 8
    second = opened.ask()
    assert slow is not None
    assert second is not None
    opened.tell(slow, failed=False)
    assert opened.state is State.CLOSED
    opened.tell(second, failed=True)
    assert opened.state is State.CLOSED


def test_how_calls_from_before_the_opening_end_is_not_believed(tried: Breaker, clock: Clock) -> None:
    before = tried.ask()
    assert before is not None
    call(tried, "f" * 10)
    clock.now += 5
    assert tried.ask() is not None
    tried.tell(before, failed=False)
    assert tried.state is State.HALF_OPEN


def test_each_change_is_told_once(opened: Breaker, clock: Clock, changes: list[State]) -> None:
    clock.now += 5
    call(opened, "f")
    clock.now += 5
    call(opened, "s")
    assert changes == [State.OPEN, State.HALF_OPEN, State.OPEN, State.HALF_OPEN, State.CLOSED]


def should_be_open(history: list[tuple[int, bool]]) -> bool:
    """The rule, said slowly."""
    now = history[-1][0]
    recent = [failed for second, failed in history if now - second < 10]
    return len(recent) >= 10 and sum(recent) > len(recent) / 2


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=80))
def test_it_opens_exactly_when_the_rule_says_so(calls: list[tuple[int, bool]]) -> None:
    clock = Clock()
    tried = Breaker(clock=clock)
    history: list[tuple[int, bool]] = []
    for pause, failed in calls:
        clock.now += pause
        permit = tried.ask()
        assert permit is not None
        tried.tell(permit, failed=failed)
        history.append((int(clock.now), failed))
        assert (tried.state is State.OPEN) == should_be_open(history)
        if tried.state is State.OPEN:
            return


@given(st.lists(st.tuples(st.sampled_from(["ask", "succeed", "fail", "lose"]), st.floats(0, 7)), max_size=60))
def test_whatever_becomes_of_calls_it_never_stays_shut(steps: list[tuple[str, float]]) -> None:
    """Once the pause is over somebody is let through, and their success closes it."""
    clock = Clock()
    tried = Breaker(clock=clock)
    call(tried, "f" * 10)
    permits: list[int] = []
    for step, seconds in steps:
        clock.now += seconds
        if step == "ask" and (permit := tried.ask()) is not None:
            permits.append(permit)
        elif permits and step != "ask":
            permit = permits.pop()
            if step != "lose":
                tried.tell(permit, failed=step == "fail")
    clock.now += 5
    call(tried, "s")
    assert tried.state is State.CLOSED


def test_of_many_threads_one_gets_the_trial() -> None:
    clock = Clock()
    tried = Breaker(clock=clock)
    call(tried, "f" * 10)
    clock.now += 5
    permits: list[int | None] = []
    together(lambda: permits.append(tried.ask()), 16)
    assert len([permit for permit in permits if permit is not None]) == 1


def test_threads_lose_no_count() -> None:
    clock = Clock()
    tried = Breaker(clock=clock)
    together(lambda: call(tried, "s" * 2000), 8)
    call(tried, "f" * 16_000)
    assert tried.state is State.CLOSED
    call(tried, "f")
    assert tried.state is State.OPEN


def together(work: Callable[[], object], count: int) -> None:
    start = threading.Barrier(count)

    def run() -> None:
        start.wait(10)
        work()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


@pytest.fixture
def of_an_engine() -> Iterator[Breaker]:
    yield breaker.breaker_of("measured")
    breaker._breakers.pop("measured")


def test_the_state_is_a_metric_and_so_are_the_changes(of_an_engine: Breaker, caplog: pytest.LogCaptureFixture) -> None:
    labels = {"engine": "measured"}
    assert REGISTRY.get_sample_value("circuit_breaker_state", labels) == 0
    call(of_an_engine, "f" * 10)
    assert REGISTRY.get_sample_value("circuit_breaker_state", labels) == 2
    opened = labels | {"state": "open"}
    assert REGISTRY.get_sample_value("circuit_breaker_transitions_total", opened) == 1
    assert [record.message for record in caplog.records if "circuit_breaker_changed" in record.message]
    breaker.reset_all()
    assert REGISTRY.get_sample_value("circuit_breaker_state", labels) == 0


@pytest.mark.parametrize("engine", ["postgresql", "redis", "clickhouse", "kafka", "broker"])
def test_each_engine_has_one_that_is_closed_from_the_start(engine: str) -> None:
    assert breaker.breaker_of(engine) is breaker.breaker_of(engine)
    assert REGISTRY.get_sample_value("circuit_breaker_state", {"engine": engine}) == 0
