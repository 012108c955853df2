"""One process per folder, as long as it lives."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nova import environment
from nova.engines import lock

HOLDER = """
import sys, time
from pathlib import Path
from nova.engines import lock
held = lock.acquire(Path(sys.argv[1]), "another process")
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "engines.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, cwd=environment.BASE_DIR, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_that_was_never_taken_is_free(path: Path) -> None:
    assert not lock.is_held(path)
    assert not path.exists()


def test_a_held_lock_is_held_until_it_is_closed(path: Path) -> None:
    held = lock.acquire(path)
    assert lock.is_held(path)
    held.close()
    assert not lock.is_held(path)


def test_asking_does_not_free_it(path: Path) -> None:
    with lock.acquire(path):
        assert lock.is_held(path)
        assert lock.is_held(path)


def test_it_tells_who_holds_it(path: Path) -> None:
    with lock.acquire(path):
        assert path.read_text() == f"process {os.getpid()}"


def test_a_shorter_note_leaves_nothing_of_the_one_before(path: Path) -> None:
    lock.acquire(path, "a long note").close()
    with lock.acquire(path, "short"):
        assert path.read_text() == "short"


def test_what_another_process_holds_cannot_be_taken(path: Path, holder: subprocess.Popen[str]) -> None:
    assert lock.is_held(path)
    with pytest.raises(lock.AlreadyHeldError) as refused:
        lock.acquire(path)
    assert refused.value.note == "another process"
    assert path.read_text() == "another process"


def test_the_lock_of_a_killed_process_is_free(path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert not lock.is_held(path)
    lock.acquire(path, "mine").close()
    assert path.read_text() == "mine"
