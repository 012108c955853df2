"""Children: started together, restarted, stopped in order."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from nova.engines import supervisor as supervisors
from nova.engines.supervisor import StartError, Supervisor
from tests.integration.running import gone, wait_for
from tests.nova.engines.children import FOREVER, Clock, announced, never, shell, supervising

Supervised = tuple[Supervisor, list[str]]


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    with supervising(tmp_path) as pair:
        yield pair


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(supervisors, "time", clock)
    return clock


def popen(supervisor: Supervisor, name: str) -> subprocess.Popen[bytes]:
    return supervisor.children[name].popen


def kill(supervisor: Supervisor, name: str) -> None:
    popen(supervisor, name).kill()
    popen(supervisor, name).wait()


def test_children_start_together(tmp_path: Path, supervised: Supervised) -> None:
    """Each answers only once it has met the other, so one after the other would never come up."""
    meet = "touch {me}; until [ -e {other} ]; do sleep 0.01; done; touch {me}.met; exec sleep 600"
    supervised[0].start(
        shell(me, f"cd {tmp_path}; {meet.format(me=me, other=other)}", probe=announced(tmp_path / f"{me}.met"))
        for me, other in (("a", "b"), ("b", "a"))
    )
    assert {path.name for path in tmp_path.glob("*.met")} == {"a.met", "b.met"}


def test_starting_returns_when_every_child_answers(tmp_path: Path, supervised: Supervised) -> None:
    up = tmp_path / "up"
    supervised[0].start([shell("slow", f"sleep 0.2; touch {up}; exec sleep 600", probe=announced(up))])
    assert up.exists()


def test_a_child_that_exits_at_start_is_reported_with_the_end_of_its_log(supervised: Supervised) -> None:
    script = "for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done; echo the port is taken >&2; exit 3"
    with pytest.raises(StartError) as failure:
        supervised[0].start([shell("redis", script, probe=never)])
    message = str(failure.value)
    assert message.startswith("redis exited with status 3.")
    assert str(supervised[0].log_of("redis")) in message
    assert message.endswith("line 9\nthe port is taken")
    assert "line 1\n" not in message


def test_a_child_that_never_answers_is_reported_with_why(supervised: Supervised, clock: Clock) -> None:
    with pytest.raises(StartError, match=r"redis does not answer \(nobody listens\)"):
        supervised[0].start([shell("redis", "exec sleep 600", probe=never)], timeout=5)


def test_what_came_up_beside_a_child_that_did_not_can_be_stopped(supervised: Supervised) -> None:
    supervisor, _ = supervised
    with pytest.raises(StartError):
        supervisor.start([shell("good", "exec sleep 600"), shell("bad", "exit 1", probe=never)])
    good = popen(supervisor, "good")
    supervisor.stop()
    assert good.poll() is not None
    assert supervisor.children == {}


def test_a_living_child_is_left_alone(supervised: Supervised) -> None:
    supervisor, said = supervised
    supervisor.start([shell("redis", "exec sleep 600")])
    before = popen(supervisor, "redis")
    supervisor.tend()
    assert popen(supervisor, "redis") is before
    assert said == []


def test_a_child_that_dies_again_and_again_is_restarted_after_growing_pauses(
    supervised: Supervised, clock: Clock
) -> None:
    supervisor, said = supervised
    supervisor.start([shell("redis", "exec sleep 600")])
    pauses = []
    for _ in range(6):
        kill(supervisor, "redis")
        dead = popen(supervisor, "redis")
        supervisor.tend()
        pauses.append(supervisor.children["redis"].pause)
        clock.now += pauses[-1] - 0.01
        supervisor.tend()
        assert popen(supervisor, "redis") is dead
        clock.now += 0.02
        supervisor.tend()
        assert popen(supervisor, "redis").poll() is None
    assert pauses == [1, 2, 4, 8, 10, 10]
    assert said[0] == f"redis ended with status -9; starting it again in 1 s (log: {supervisor.log_of('redis')})"
    assert len(said) == 6


def test_a_child_that_lived_long_is_restarted_with_the_shortest_pause(supervised: Supervised, clock: Clock) -> None:
    supervisor, _ = supervised
    supervisor.start([shell("redis", "exec sleep 600")])
    for lived in (1, supervisors.STABLE_AFTER + 1):
        clock.now += lived
        kill(supervisor, "redis")
        supervisor.tend()
        clock.now += supervisor.children["redis"].pause
        supervisor.tend()
    assert supervisor.children["redis"].pause == 0.5


def test_the_youngest_child_is_stopped_first(tmp_path: Path, supervised: Supervised) -> None:
    order = tmp_path / "order"
    supervised[0].start(
        shell(
            name,
            f"trap 'echo {name} >> {order}; exit' TERM; touch {tmp_path / name}; {FOREVER}",
            probe=announced(tmp_path / name),
        )
        for name in ("first", "second", "third")
    )
    supervised[0].stop()
    assert order.read_text().split() == ["third", "second", "first"]


def test_named_children_are_stopped_alone(supervised: Supervised) -> None:
    supervisor, _ = supervised
    supervisor.start(shell(name, "exec sleep 600") for name in ("web", "redis"))
    web = popen(supervisor, "web")
    supervisor.stop(["web"])
    assert web.poll() is not None
    assert popen(supervisor, "redis").poll() is None


def test_a_child_that_ignores_the_stop_signal_is_killed_with_all_it_started(
    tmp_path: Path, supervised: Supervised
) -> None:
    supervisor, _ = supervised
    up, stop_timeout = tmp_path / "up", 0.2
    stubborn = f"trap '' TERM; sleep 600 & touch {up}; {FOREVER}"
    supervisor.start([shell("stubborn", stubborn, probe=announced(up), stop_timeout=stop_timeout)])
    child = popen(supervisor, "stubborn")
    family = psutil.Process(child.pid).children(recursive=True)
    assert family
    supervisor.stop()
    assert child.returncode == -9
    wait_for(lambda: gone(family), 10)
