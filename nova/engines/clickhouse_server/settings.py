"""Settings that hold for one query, on an engine where SET holds for the connection."""

import re
from collections.abc import Mapping

from nova.engines.clickhouse_server.configuration import SESSION_SETTINGS
from nova.engines.clickhouse_server.engine import EngineConnection, quoted
from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.protocol import Setting

_ASSIGNED = re.compile(r"(\w+)\s*=")
# The session's own: by the one it is found when it is to be cancelled, by the other it stays a server.
_RESERVED = frozenset({"log_comment", "implicit_select"})


class QuerySettings:
    """Keeps the settings of a connection as its next query wants them, with as few SETs as possible."""

    def __init__(self, connection: EngineConnection, known: frozenset[str], tag: str) -> None:
        self._connection = connection
        self._known = known
        # What a setting returns to after a query that overrode it; the engine's default if it is not here.
        self._baseline = dict(SESSION_SETTINGS)
        self._applied: dict[str, str] = {}
        self._set({**SESSION_SETTINGS, "log_comment": tag})

    def apply(self, settings: dict[str, Setting]) -> None:
        """Make `settings`, and no earlier query's, hold for the next statement."""
        wanted = {name: setting.value for name, setting in settings.items() if self._is_known(name, setting)}
        gone = self._applied.keys() - wanted.keys()
        changed = {name: value for name, value in wanted.items() if self._applied.get(name) != value}
        self._applied.update(wanted)  # should SET fail half-way, the next query resets them all
        self._set({name: self._baseline.get(name) for name in gone} | changed)
        self._applied = wanted

    def remember_set(self, statement: str) -> None:
        """Note what the client's own SET left, to return to it after a query with other values."""
        for name in self._known.intersection(_ASSIGNED.findall(statement)):
            self._baseline[name] = self._connection.text(f"SELECT toString(getSetting({quoted(name)}))")

    def _is_known(self, name: str, setting: Setting) -> bool:
        """Like the real server, pass over a setting it does not know unless the client insists."""
        if name in self._known:
            return name not in _RESERVED
        if setting.important:
            raise ServerError(Code.UNKNOWN_SETTING, f"Unknown setting '{name}'.")
        return False

    def _set(self, values: Mapping[str, str | None]) -> None:
        assignments = ", ".join(
            f"{name} = {'DEFAULT' if value is None else quoted(value)}" for name, value in values.items()
        )
        if assignments:
            self._connection.query(f"SET {assignments}")
