"""A pytest plugin: tests of one `xdist_group` run in one worker.

pytest-xdist tells groups by changing node ids, which pytest 9.2 does not allow any more: groups are ignored without a
word.
Here the first worker writes the groups down, and the scheduler reads them.
"""

import json
import os
from functools import cached_property
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling


class ByGroup(LoadScopeScheduling):
    """A test without a group is one of its own."""

    @cached_property
    def groups(self) -> dict[str, str]:
        groups: dict[str, str] = json.loads(_file().read_text())
        return groups

    def _split_scope(self, nodeid: str) -> str:
        return self.groups.get(nodeid, nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup | None:
    return ByGroup(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist tells that this worker is ready
def pytest_collection_finish(session: pytest.Session) -> None:
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
        marks = {item.nodeid: item.get_closest_marker("xdist_group") for item in session.items}
        _file().write_text(json.dumps({nodeid: mark.args[0] for nodeid, mark in marks.items() if mark}))


def _file() -> Path:
    """In the run's folder, which all workers share."""
    return Path(os.environ["NOVA_TEST_ENGINES"]) / "groups.json"
