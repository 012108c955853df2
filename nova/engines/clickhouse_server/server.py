"""The listener: one thread per client, and an orderly end."""

import logging
import socket
import threading
import time
from collections.abc import Callable

from nova.engines.clickhouse_server.connection import ClientConnection
from nova.engines.clickhouse_server.engine import Engine
from nova.engines.clickhouse_server.errors import StartupError
from nova.engines.clickhouse_server.session import RunningQuery
from nova.engines.clickhouse_server.watch import CancelWatch

logger = logging.getLogger(__name__)

BACKLOG = 128
FINISH_SECONDS = 3.0
HANG_UP_SECONDS = 1.0
CLOSE_SECONDS = 2.0


def listen(host: str, port: int) -> socket.socket:
    try:
        listener = socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        reason = f"Cannot listen on {host}:{port} ({error.strerror})"
        message = f"{reason}: stop what uses the port, or choose another --port."
        raise StartupError(message) from None
    return listener


class Server:
    def __init__(self, listener: socket.socket, engine: Engine, password: str) -> None:
        self._listener = listener
        self._engine = engine
        self._password = password
        self._watch = CancelWatch()
        self._clients: set[ClientConnection] = set()
        self._lock = threading.Lock()

    def serve(self, stopping: threading.Event) -> None:
        """Accept clients until the listener is shut down, which is how a signal handler ends this."""
        while not stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if stopping.is_set():
                    return
                logger.exception("accept failed")
                time.sleep(0.1)  # out of descriptors, most likely: do not spin until some are free
                continue
            self._start(connection)

    def _start(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = ClientConnection(connection, self._engine, self._watch, self._password)
        threading.Thread(target=self._serve_client, args=(client,), name="client", daemon=True).start()

    def _serve_client(self, client: ClientConnection) -> None:
        with self._lock:
            self._clients.add(client)
        try:
            client.serve()
        except Exception:
            logger.exception("connection failed")  # a defect, which must not spread to other clients
        finally:
            with self._lock:
                self._clients.discard(client)

    def stop(self) -> None:
        """Let running queries finish for a few seconds, then cancel them, and close the engine."""
        self._listener.close()
        _wait_until(lambda: not self._running(), FINISH_SECONDS)
        for query in self._running():
            threading.Thread(target=query.cancel, daemon=True).start()
        for client in self._all():
            client.hang_up()
        _wait_until(lambda: not self._all(), HANG_UP_SECONDS)
        if not self._engine.close(CLOSE_SECONDS):
            logger.warning("engine did not close in time")

    def _all(self) -> list[ClientConnection]:
        with self._lock:
            return list(self._clients)

    def _running(self) -> list[RunningQuery]:
        sessions = (client.session for client in self._all())
        running = (session.running for session in sessions if session is not None)
        return [query for query in running if query is not None]


def _wait_until(condition: Callable[[], bool], timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
