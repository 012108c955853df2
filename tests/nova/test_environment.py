"""Which environment a process runs in, and the file that a second shell finds it by."""

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from nova import environment
from nova.engines import lock

WRITTEN = {"APP_ENV": "development", "SECRET_KEY": "from-the-file", "REDIS_URL": "redis://127.0.0.1:1/0"}


@pytest.fixture(autouse=True)
def fresh_shell(tmp_path: Path) -> Iterator[None]:
    """An environment that knows only where `var/` is."""
    with mock.patch.dict(os.environ, {"NOVA_VAR_DIR": str(tmp_path)}, clear=True):
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "development.env"
    environment.write(path, WRITTEN)
    return path


@pytest.fixture
def engines_run(tmp_path: Path) -> Iterator[None]:
    with lock.acquire(tmp_path / "engines.lock"):
        yield


def test_the_file_is_read_when_app_env_is_unset(file: Path, engines_run: None) -> None:
    environment.load_development("migrate")
    assert {name: os.environ.get(name) for name in WRITTEN} == WRITTEN


def test_the_file_is_ignored_when_app_env_is_set(file: Path, engines_run: None) -> None:
    os.environ["APP_ENV"] = "production"
    environment.load_development("up")
    assert os.environ["APP_ENV"] == "production"
    assert not {"SECRET_KEY", "REDIS_URL"} & os.environ.keys()


def test_what_the_environment_says_already_wins(file: Path, engines_run: None) -> None:
    os.environ["REDIS_URL"] = "redis://elsewhere:6379/0"
    environment.load_development("migrate")
    assert os.environ["REDIS_URL"] == "redis://elsewhere:6379/0"
    assert os.environ["SECRET_KEY"] == "from-the-file"


def test_addresses_of_engines_that_nobody_runs_are_left_out(file: Path) -> None:
    environment.load_development("migrate")
    assert os.environ["SECRET_KEY"] == "from-the-file"
    assert "REDIS_URL" not in os.environ


def test_addresses_are_left_out_when_the_engines_have_ended(file: Path, tmp_path: Path) -> None:
    lock.acquire(tmp_path / "engines.lock").close()
    environment.load_development("migrate")
    assert "REDIS_URL" not in os.environ


@pytest.mark.parametrize("command", ["up", "engines"])
def test_the_commands_that_make_a_development_environment_need_no_file(command: str) -> None:
    environment.load_development(command)
    assert environment.settings_module() == "nova.settings.dev"


def test_every_other_command_is_production_without_a_file() -> None:
    environment.load_development("migrate")
    assert "APP_ENV" not in os.environ
    assert environment.settings_module() == "nova.settings.base"


@pytest.mark.parametrize(
    ("name", "module"),
    [("production", "nova.settings.base"), ("development", "nova.settings.dev"), ("test", "nova.settings.test")],
)
def test_each_environment_has_its_settings(name: str, module: str) -> None:
    os.environ["APP_ENV"] = name
    assert environment.settings_module() == module


@pytest.mark.parametrize("name", ["prod", "Production", ""])
def test_an_unknown_environment_is_refused_with_those_there_are(name: str) -> None:
    os.environ["APP_ENV"] = name
    with pytest.raises(SystemExit, match=f"'{name}'.*production, development, test"):
        environment.settings_module()


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "development.env"
    values = {"A": "one", "B": "with=sign and space", "C": ""}
    environment.write(path, values)
    assert environment.read(path) == values


def test_blank_lines_and_comments_are_no_variables(tmp_path: Path) -> None:
    path = tmp_path / "by-hand.env"
    path.write_text("# my own\n\nA=one\n  B=two  \n")
    assert environment.read(path) == {"A": "one", "B": "two"}


def test_the_file_is_readable_by_its_owner_alone(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600


def test_who_reads_while_it_is_replaced_has_the_whole_old_file(file: Path) -> None:
    before = file.read_text()
    with file.open() as reader:
        environment.write(file, {"A": "one"})
        assert reader.read() == before
    assert environment.read(file) == {"A": "one"}
    assert [path.name for path in file.parent.iterdir()] == [file.name]
