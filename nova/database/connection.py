"""Connections to PostgreSQL that do not wait for ever.

libpq has a limit for connecting and none for an answer, and `statement_timeout` is kept by the server: one that was
stopped or cut off keeps nothing.
"""

from typing import Any

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.abc import RV, PQGen

INTERVAL = 0.1  # seconds, psycopg's own: how often a waiting thread looks for Ctrl-C


class SilentServerError(psycopg.OperationalError):
    """The server did not answer in time. The connection is closed: its answer may still come, to nobody's question."""


class AnsweringConnection(psycopg.Connection[Any]):
    """Waits settings.DATABASE_ANSWER_TIMEOUT_MS for each answer, 0 being no limit."""

    def answer_timeout(self) -> float:
        return settings.DATABASE_ANSWER_TIMEOUT_MS / 1000

    def wait(self, gen: PQGen[RV], interval: float = INTERVAL, timeout: float | None = None) -> RV:
        limit = self.answer_timeout() if timeout is None else 0
        if not limit:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, limit)
        except psycopg.errors._WaitTimeout:
            self.pgconn.finish()
            raise SilentServerError(f"no answer within {limit:g} s") from None


class ProbingConnection(AnsweringConnection):
    """What health is asked with."""

    def answer_timeout(self) -> float:
        return 0.5


def ping() -> None:
    """On a connection of its own, whatever the breaker thinks. Raises psycopg.Error, after three seconds at most."""
    parameters: dict[str, Any] = connection.get_connection_params()
    with ProbingConnection.connect(**parameters | {"autocommit": True, "connect_timeout": 2}) as probe:
        probe.execute("SELECT 1")
