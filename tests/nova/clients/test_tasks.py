"""Giving work to Celery while its broker is there, gone or silent."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import shared_task

from nova import environment
from nova.celery import app
from nova.clients import tasks
from nova.clients.breaker import State
from nova.clients.tasks import guard, publisher
from nova.engines import choices
from tests.nova.private import silent_server

MOST = 0.1  # seconds


@shared_task(name="tests.nothing")
def nothing(*args: object) -> None:
    pass


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Celery as outside of tests: tasks go to a broker. Yields what changes its address."""
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    tasks.prepare()
    publisher.close()
    yield monkeypatch
    publisher.close()


def use(broker: pytest.MonkeyPatch, port: int) -> None:
    broker.setenv("CELERY_BROKER_URL", f"redis://127.0.0.1:{port}/0")


def waiting() -> int:
    with app.connection_for_read() as connection:
        channel: Any = connection.default_channel
        return int(channel.client.llen("default"))


def test_a_task_that_was_published_waits_for_a_worker(broker: pytest.MonkeyPatch) -> None:
    before = waiting()
    identifier = tasks.publish(nothing, "with", 2, "arguments")
    assert identifier
    assert waiting() == before + 1


def test_a_broker_that_is_gone_is_no_error(broker: pytest.MonkeyPatch) -> None:
    use(broker, choices.free_port())
    started = time.perf_counter()
    assert tasks.publish(nothing) is None
    assert time.perf_counter() - started < MOST


def test_a_broker_that_never_answers_costs_a_tenth_of_a_second(broker: pytest.MonkeyPatch) -> None:
    with silent_server() as port:
        use(broker, port)
        taken = []
        for _ in range(10):
            started = time.perf_counter()
            assert tasks.publish(nothing) is None
            taken.append(time.perf_counter() - started)
        assert statistics.median(taken) < MOST  # other programs of a busy machine may hold up one or the other
        assert guard.breaker.state is State.OPEN
        started = time.perf_counter()
        assert tasks.publish(nothing) is None
        assert time.perf_counter() - started < 0.02


def test_however_many_wait_for_a_silent_broker_one_thread_publishes(broker: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    with silent_server() as port:
        use(broker, port)
        found: list[str | None] = []
        callers = [threading.Thread(target=lambda: found.append(tasks.publish(nothing))) for _ in range(20)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(5)
        assert found == [None] * 20
        assert threading.active_count() <= before + 1


def test_what_was_given_up_is_not_published_later(broker: pytest.MonkeyPatch) -> None:
    published: list[str] = []

    def slowly(task: object, args: tuple[str]) -> None:
        time.sleep(0.3)
        published.append(args[0])

    broker.setattr(publisher, "_publish", slowly)
    callers = [threading.Thread(target=tasks.publish, args=(nothing, each)) for each in "abc"]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(5)
    publisher.close()
    assert len(published) == 1


def test_the_first_task_of_a_process_is_no_slower() -> None:
    """Once everything is imported, as the web server does before its first request."""
    program = """
import time, nova.wsgi
from nova.clients import tasks
from engagement.tasks import sweep_erasures
started = time.perf_counter()
assert tasks.publish(sweep_erasures) is None
print(time.perf_counter() - started)
"""
    with silent_server() as port:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=environment.BASE_DIR,
            env={
                "APP_ENV": "development",
                "SECRET_KEY": "for a test",
                "ALLOWED_HOSTS": "*",
                "CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0",
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 2 * MOST  # one measurement, on a machine that may be busy


def test_an_eager_task_runs_at_once_and_here() -> None:
    assert tasks.publish(nothing)
