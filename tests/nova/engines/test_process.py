"""One child process, which never outlives its parent."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from nova import environment
from nova.engines import process as processes
from nova.engines.process import Process
from tests.integration.running import gone, wait_for
from tests.nova.engines.children import FOREVER, announced, shell

PARENT = """
import sys, time
from pathlib import Path
from nova.engines import process
child = process.Process("child", ["sleep", "600"], probe=lambda: None)
print(process.start(child, Path(sys.argv[1])).pid, flush=True)
time.sleep(600)
"""


def run(child: Process, log: Path) -> int:
    return processes.start(child, log).wait(20)


def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, cwd=environment.BASE_DIR, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    wait_for(lambda: gone([child]), 20)


def test_a_child_hears_its_own_stop_signal_when_the_parent_is_killed(tmp_path: Path) -> None:
    up, end = tmp_path / "up", tmp_path / "end"
    script = f"trap 'echo in good order > {end}; exit' INT; touch {up}; {FOREVER}"
    parent_code = PARENT.replace('["sleep", "600"]', repr(["/bin/sh", "-c", script])).replace(
        "probe=lambda: None", "probe=lambda: None, stop_signal=2"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent_code, str(tmp_path / "log")], cwd=environment.BASE_DIR, stdout=subprocess.PIPE
    ) as parent:
        wait_for(up.exists, 20)
        parent.kill()
    wait_for(lambda: end.exists() and end.read_text(), 20)
    assert end.read_text() == "in good order\n"


def test_output_and_errors_are_appended_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "new" / "child.log"
    run(shell("child", "echo one"), log)
    run(shell("child", "echo two >&2"), log)
    assert log.read_text() == "one\ntwo\n"


def test_a_child_gets_its_own_variables_beside_those_of_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROM_PARENT", "inherited")
    run(shell("child", "echo $FROM_PARENT $OWN", environment={"OWN": "given"}), tmp_path / "log")
    assert (tmp_path / "log").read_text() == "inherited given\n"


def test_a_child_runs_in_the_project_without_input(tmp_path: Path) -> None:
    run(shell("child", "pwd; cat"), tmp_path / "log")
    assert (tmp_path / "log").read_text() == f"{environment.BASE_DIR}\n"


def test_ctrl_c_stays_with_the_parent(tmp_path: Path) -> None:
    """The terminal sends it to a process group, and the child is in another."""
    child = shell("child", "exec sleep 600")
    popen = processes.start(child, tmp_path / "log")
    try:
        assert os.getpgid(popen.pid) == popen.pid != os.getpgrp()
    finally:
        processes.stop(popen, child)


def test_stopping_asks_politely_and_waits_for_the_end(tmp_path: Path) -> None:
    up, end = tmp_path / "up", tmp_path / "end"
    script = f"trap 'sleep 0.1; touch {end}; exit 0' INT; touch {up}; {FOREVER}"
    child = shell("child", script, probe=announced(up), stop_signal=signal.SIGINT)
    popen = processes.start(child, tmp_path / "log")
    wait_for(up.exists, 20)
    processes.stop(popen, child)
    assert (popen.returncode, end.exists()) == (0, True)


def test_stopping_what_has_ended_keeps_its_status(tmp_path: Path) -> None:
    child = shell("child", "exit 7")
    popen = processes.start(child, tmp_path / "log")
    popen.wait(20)
    processes.stop(popen, child)
    assert popen.returncode == 7
