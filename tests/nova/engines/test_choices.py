"""Ports and passwords of the embedded engines."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nova.engines import choices


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Some other program on a port; it may use it again at once, as servers do."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_the_second_run_gets_what_the_first_chose(tmp_path: Path) -> None:
    assert choices.choose(tmp_path, "redis") == choices.choose(tmp_path, "redis")


def test_a_port_that_somebody_took_is_changed_and_the_password_kept(tmp_path: Path, listener: socket.socket) -> None:
    first = choices.choose(tmp_path, "redis")
    path = tmp_path / "engines.json"
    path.write_text(path.read_text().replace(str(first["port"]), str(port_of(listener))))
    second = choices.choose(tmp_path, "redis")
    assert second["port"] not in (0, port_of(listener))
    assert second["password"] == first["password"]
    assert choices.choose(tmp_path, "redis") == second


def test_each_engine_has_its_own_password(tmp_path: Path) -> None:
    redis, clickhouse = (choices.choose(tmp_path, engine) for engine in ("redis", "clickhouse"))
    assert redis["password"] != clickhouse["password"]
    assert choices.choose(tmp_path, "redis")["password"] == redis["password"]


def test_two_folders_have_different_passwords(tmp_path: Path) -> None:
    assert choices.choose(tmp_path / "a", "redis")["password"] != choices.choose(tmp_path / "b", "redis")["password"]


def test_passwords_are_long_and_safe_in_an_address(tmp_path: Path) -> None:
    password = choices.choose(tmp_path, "redis")["password"]
    assert len(password) >= 32
    assert password.replace("-", "").replace("_", "").isalnum()


def test_they_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    choices.choose(tmp_path, "redis")
    assert (tmp_path / "engines.json").stat().st_mode & 0o777 == 0o600


def test_a_port_where_somebody_listens_is_not_free(listener: socket.socket) -> None:
    assert not choices.port_is_free(port_of(listener))


def test_a_port_is_free_right_after_a_server_with_a_connection_left_it(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        connection.close()  # this side ends first, so the port is in TIME_WAIT
    port = port_of(listener)
    listener.close()
    assert choices.port_is_free(port)


def test_a_free_port_can_be_bound() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", choices.free_port()))
