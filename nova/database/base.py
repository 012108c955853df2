"""The backend: `ENGINE = "nova.database"`."""

from collections.abc import Callable
from typing import Any

import django.db
import psycopg
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from nova import patience
from nova.clients.guard import Guard, RefusedError
from nova.database import giving_back
from nova.database.connection import AnsweringConnection

ERRORS = django.db.OperationalError, django.db.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError
# Classes of SQLSTATE with which the server says that it cannot work: connections, resources, intervention by an
# operator (a statement that was cancelled because it took too long among them), errors of the system below it.
AWAY = {"08", "53", "57", "58"}


class DatabaseRefusedError(RefusedError, django.db.OperationalError):
    """PostgreSQL was not asked."""


def is_away(error: BaseException) -> bool | None:
    """Lost connections and silence have no SQLSTATE. Deadlocks, failed locks and all that is wrong with a statement
    were found out by a server that works."""
    if not isinstance(error, (django.db.Error, psycopg.Error)):
        return None
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = getattr(cause, "sqlstate", None)
    return isinstance(error, ERRORS) and (state is None or state[:2] in AWAY)


guard = Guard("postgresql", DatabaseRefusedError, is_away)


class DatabaseWrapper(base.DatabaseWrapper):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pool = self.settings_dict["OPTIONS"].get("pool")
        if isinstance(pool, dict):
            pool.setdefault("connection_class", AnsweringConnection)
        self.execute_wrappers.append(_guarded)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        giving_back.taken()
        with guard.call():
            if self.pool:
                return super().get_new_connection(conn_params)
            self.isolation_level = IsolationLevel.READ_COMMITTED  # nothing in our settings says otherwise
            return AnsweringConnection.connect(**conn_params)

    def _commit(self) -> None:
        """Not refused, as the work is done; but who has waited for it in vain does not wait for PostgreSQL again."""
        try:
            super()._commit()  # type: ignore[misc]
        except django.db.Error as error:
            if is_away(error):
                patience.lose(guard.engine)
            raise


def _guarded(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    with guard.call():
        return execute(sql, params, many, context)
