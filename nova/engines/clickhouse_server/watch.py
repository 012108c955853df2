"""Notices, while a query runs, that its client cancels it or goes away."""

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nova.engines.clickhouse_server.protocol import ClientPacket

_EVENTS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT


class CancelWatch:
    """One thread for all clients, whose own threads are inside the engine at that time."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, tuple[socket.socket, Callable[[], None]]] = {}
        threading.Thread(target=self._run, name="cancel-watch", daemon=True).start()

    @contextmanager
    def watching(self, connection: socket.socket, cancel: Callable[[], None]) -> Iterator[None]:
        descriptor = connection.fileno()
        self._watched[descriptor] = connection, cancel
        self._epoll.register(descriptor, _EVENTS)
        try:
            yield
        finally:
            self._epoll.unregister(descriptor)
            del self._watched[descriptor]

    def _run(self) -> None:
        while True:
            for descriptor, _ in self._epoll.poll():
                watched = self._watched.get(descriptor)
                if watched is not None and _asks_to_cancel(watched[0]):
                    threading.Thread(target=watched[1], name="cancel", daemon=True).start()


def _asks_to_cancel(connection: socket.socket) -> bool:
    """A client sends nothing during its query but CANCEL; the end of the stream means it is gone."""
    with contextlib.suppress(BlockingIOError):
        try:
            received = connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except ConnectionError:
            return True
        return received in (b"", bytes([ClientPacket.CANCEL]))
    return False
