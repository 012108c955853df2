"""A pytest plugin: one set of real engines per run, in a temporary folder, shared by all xdist workers.

Each worker has a database of its own in PostgreSQL and ClickHouse, and a number of its own in Redis. Engines that the
environment names by URL are used as they are.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from nova.engines import clickhouse, development, postgres, redis
from nova.engines.supervisor import Supervisor

STARTED = "NOVA_TEST_ENGINES"
MAY_BE_MISSING = "KuaiRand"


class Engines:
    """The engines of this run; only the process that started them stops them."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.supervisor: Supervisor | None = None

    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="nova-test-"))
        os.environ |= development.identity(self.folder) | {
            STARTED: str(self.folder),
            "NOVA_VAR_DIR": str(self.folder),
            "APP_ENV": "test",
        }
        make = {
            "DATABASE_URL": lambda var: postgres.engine(var, durable=False),
            "REDIS_URL": redis.engine,
            "CLICKHOUSE_URL": clickhouse.engine,
        }
        wanted = [each(self.folder) for variable, each in make.items() if not os.environ.get(variable)]
        self.supervisor = Supervisor(self.folder / "log", lambda sentence: print(sentence, file=sys.stderr))  # noqa: T201
        self.supervisor.start(engine.process for engine in wanted)
        for engine in wanted:
            os.environ |= engine.variables

    def stop(self) -> None:
        if self.supervisor and self.folder:
            self.supervisor.stop()
            shutil.rmtree(self.folder, ignore_errors=True)


engines = Engines()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, None, None]:
    """Before pytest-django reads the settings, which need to know where the engines are."""
    if STARTED not in os.environ:
        engines.start()
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
    os.environ["REDIS_URL"] = _with_database(os.environ["REDIS_URL"], 2 * number)
    os.environ["CELERY_BROKER_URL"] = _with_database(os.environ["REDIS_URL"], 2 * number + 1)
    os.environ["CLICKHOUSE_DATABASE"] = f"nova_test_{number}"
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With NOVA_FORBID_SKIPS a missing tool is a failure; only data that is no part of the project may be missing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("NOVA_FORBID_SKIPS") or reporter is None:
        return
    skipped = [str(report.longrepr) for report in reporter.stats.get("skipped", [])]
    if any(MAY_BE_MISSING not in reason for reason in skipped):
        reporter.write_line("Skips are forbidden here, and some tests were skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure() -> None:
    engines.stop()


def _with_database(url: str, number: int) -> str:
    return f"{url.rpartition('/')[0]}/{number}"
