"""Commands and scripts on a connection of the thread's own, and blocks that one process is in at a time."""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.cache import caches
from django_redis.pool import ConnectionFactory
from pytest_django import Settings
from redis.exceptions import NoScriptError, ResponseError, TimeoutError

from nova.clients import redis, redis_script
from nova.clients.redis import RedisError
from nova.clients.redis_guarded import guard
from nova.clients.redis_script import Script
from nova.engines import redis as engine
from tests.nova.clients.test_redis import ANSWER, PAUSE, use
from tests.nova.private import PrivateEngine, running

SUM = Script("return ARGV[1] + ARGV[2]")
ECHO = Script("return {KEYS[1], ARGV[1], 7}")
COUNT = Script("return redis.call('INCR', KEYS[1])")


@pytest.fixture
def own(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateEngine]:
    """A Redis that may be stopped, hung and emptied of its scripts."""
    monkeypatch.setattr(guard.breaker, "_pause", PAUSE)
    with running(engine.engine, tmp_path) as private:
        use(settings, private.variables["REDIS_URL"])
        yield private
        redis_script._hasty_until = 0.0
        ConnectionFactory._pools.pop(private.variables["REDIS_URL"]).disconnect()
    del caches["default"]


def connection_id() -> int:
    return int(redis_script.command("CLIENT", "ID"))


def test_a_script_answers_in_bytes_and_whole_numbers(engines: None) -> None:
    assert ECHO(["key"], [b"\x00\xff"]) == [b"key", b"\x00\xff", 7]
    assert SUM([], [2, 3]) == 5


def test_a_script_may_have_no_arguments(engines: None) -> None:
    assert COUNT(["counter"]) == 1


def test_a_thread_keeps_its_connection(engines: None) -> None:
    assert len({connection_id() for _ in range(5)}) == 1


def test_every_thread_has_a_connection_of_its_own(engines: None) -> None:
    meeting = threading.Barrier(3)

    def ask(_: int) -> int:
        meeting.wait(10)
        return connection_id()

    with ThreadPoolExecutor(3) as pool:
        theirs = list(pool.map(ask, range(3)))
    assert len({*theirs, connection_id()}) == 4


def test_a_forked_child_has_a_connection_of_its_own(engines: None) -> None:
    parents = connection_id()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, str(connection_id()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    childs = os.read(reading, 100)
    os.close(reading)
    os.close(writing)
    assert int(childs) != parents
    assert connection_id() == parents


def test_an_error_reply_leaves_the_connection_in_use(engines: None) -> None:
    before = connection_id()
    redis.connection().set("name", "no number")
    with pytest.raises(ResponseError):
        COUNT(["name"])
    assert connection_id() == before


def test_a_command_that_is_none_is_an_error(engines: None) -> None:
    with pytest.raises(ResponseError):
        redis_script.command("NO SUCH COMMAND")


def test_a_script_that_redis_forgot_is_told_to_it_again(own: PrivateEngine) -> None:
    assert SUM([], [2, 3]) == 5
    redis.connection().script_flush()
    assert [SUM([], [2, 3]) for _ in range(2)] == [5, 5]


def test_a_script_is_sent_whole_only_once(own: PrivateEngine) -> None:
    SUM([], [2, 3])
    redis.connection().config_resetstat()
    for _ in range(3):
        SUM([], [2, 3])
    stats = redis.connection().info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] == 3
    assert "cmdstat_eval" not in stats


def test_a_script_that_was_never_sent_whole_is_not_known(own: PrivateEngine) -> None:
    with pytest.raises(NoScriptError):
        redis_script.command("EVALSHA", "0" * 40, 0)


def test_a_restart_fails_no_command_and_no_script(own: PrivateEngine) -> None:
    assert SUM([], [2, 3]) == 5
    own.restart()
    assert redis_script.command("PING") == b"PONG"
    own.restart()
    assert SUM([], [2, 3]) == 5


def test_a_redis_that_is_gone_is_an_error(own: PrivateEngine) -> None:
    SUM([], [2, 3])
    own.supervisor.stop()
    with pytest.raises(RedisError):
        SUM([], [2, 3])
    own.supervisor.start([own.engine.process])
    assert SUM([], [2, 3]) == 5


def test_a_redis_that_hangs_costs_one_timeout(own: PrivateEngine) -> None:
    SUM([], [2, 3])
    own.hang()
    started = time.perf_counter()
    with pytest.raises(TimeoutError):
        SUM([], [2, 3])
    assert ANSWER <= time.perf_counter() - started < 1.9 * ANSWER
    own.go_on()


def test_a_redis_that_hangs_is_waited_for_in_full_once_and_with_haste_until_it_is_back(own: PrivateEngine) -> None:
    SUM([], [2, 3])
    own.hang()
    with pytest.raises(TimeoutError):
        SUM([], [2, 3])
    started = time.perf_counter()
    with pytest.raises(TimeoutError):
        SUM([], [2, 3])
    assert time.perf_counter() - started < ANSWER
    own.go_on()
    assert [SUM([], [2, 3]) for _ in range(2)] == [5, 5]
    own.hang()
    started = time.perf_counter()
    with pytest.raises(TimeoutError):
        SUM([], [2, 3])
    assert time.perf_counter() - started >= ANSWER
    own.go_on()


def test_one_that_is_always_slow_is_waited_for_in_full_again(
    own: PrivateEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_script, "HASTE_LASTS", 0.0)
    SUM([], [2, 3])
    own.hang()
    for _ in range(2):
        started = time.perf_counter()
        with pytest.raises(TimeoutError):
            SUM([], [2, 3])
        assert time.perf_counter() - started >= ANSWER
    own.go_on()


def test_an_answer_that_came_too_late_is_not_taken_for_the_next(own: PrivateEngine) -> None:
    redis_script.command("SET", "first", "1")
    redis_script.command("SET", "second", "2")
    own.hang()
    with pytest.raises(TimeoutError):
        redis_script.command("GET", "first")
    own.go_on()
    assert redis_script.command("GET", "second") == b"2"


def test_a_command_that_timed_out_is_not_sent_again(own: PrivateEngine) -> None:
    redis_script.command("PING")
    own.hang()
    with pytest.raises(TimeoutError):
        redis_script.command("INCR", "counter")
    own.go_on()
    assert redis_script.command("GET", "counter") == b"1"


def test_one_at_a_time_is_inside_a_block(engines: None) -> None:
    with redis.alone("work", seconds=10) as first, redis.alone("work", seconds=10) as second:
        assert (first, second) == (True, False)


def test_blocks_of_other_names_are_none_of_its_business(engines: None) -> None:
    with redis.alone("work", seconds=10) as first, redis.alone("play", seconds=10) as second:
        assert (first, second) == (True, True)


def test_a_block_is_free_when_it_is_left_even_by_an_error(engines: None) -> None:
    with pytest.raises(OSError, match="inside"), redis.alone("work", seconds=10):
        raise OSError("inside")
    with redis.alone("work", seconds=10) as is_alone:
        assert is_alone


def test_who_was_not_alone_leaves_the_block_to_who_is(engines: None) -> None:
    with redis.alone("work", seconds=10):
        with redis.alone("work", seconds=10):
            pass
        with redis.alone("work", seconds=10) as third:
            assert not third


def test_who_died_in_a_block_is_out_after_some_seconds(engines: None) -> None:
    with redis.alone("work", seconds=10):
        assert 0 < redis.connection().ttl("lock:work") <= 10
        redis.connection().pexpire("lock:work", 1)
        time.sleep(0.01)
        with redis.alone("work", seconds=10) as next_one:
            assert next_one


def test_who_took_too_long_leaves_the_block_to_the_next_one(engines: None) -> None:
    with redis.alone("work", seconds=10):
        redis.connection().set("lock:work", "of the next one")
    assert redis.connection().get("lock:work") == b"of the next one"
