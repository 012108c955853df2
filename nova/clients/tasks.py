"""Giving work to Celery from a request: in a tenth of a second or not at all, and never with an error.

kombu needs several round trips for a task, each with a timeout of its own. So one thread of the process does the
publishing, and who wants something published waits for it as long as they may: a broker that hangs holds one thread
however many requests there are. What the thread has not begun when its caller goes away is dropped.
"""

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import structlog
from celery import Task
from kombu import Connection
from kombu.exceptions import KombuError

from nova.celery import app
from nova.clients.guard import Guard, RefusedError

log = structlog.get_logger(__name__)
TIMEOUT = 0.09  # and a little for handing over
# Less than that, so that the thread is through with a broker that hangs when the next caller comes.
SOCKET_TIMEOUT = 0.08


class BrokerRefusedError(RefusedError, KombuError):
    """The broker was not asked."""


def is_away(error: BaseException) -> bool | None:
    return True if isinstance(error, (KombuError, OSError, TimeoutError)) else None


guard = Guard("broker", BrokerRefusedError, is_away)


def publish(task: Task[Any, Any], *args: Any) -> str | None:
    """The id of the task, or None when the broker did not take it in time: then it may run all the same, or never.

    For work that the scheduler does as well, or that nobody misses.
    """
    try:
        with guard.call():
            return _publish(task, args)
    except (KombuError, OSError) as error:
        log.warning("task_not_published", task=task.name, error=type(error).__name__)
        return None


def prepare() -> None:
    """Import what publishing needs, or the first task would wait for that."""
    with app.connection_for_write() as connection:
        connection.transport_cls  # noqa: B018
        app.amqp.queues  # noqa: B018


def _publish(task: Task[Any, Any], args: tuple[Any, ...]) -> str | None:
    """Raises TimeoutError, and what kombu raises."""
    if app.conf.task_always_eager:  # it runs here and now, with the caller's own connections
        return task.apply_async(args).id
    future = publisher.submit(task, args)
    try:
        return future.result(TIMEOUT)
    finally:
        future.cancel()


class Publisher:
    """The thread that publishes, and its connection. Both are made when first needed."""

    def __init__(self) -> None:
        self.forget_parent()

    def forget_parent(self) -> None:
        """Threads do not survive a fork, and a connection must not be shared."""
        self._making = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._connection: Connection | None = None

    def submit(self, task: Task[Any, Any], args: tuple[Any, ...]) -> "Future[str | None]":
        with self._making:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="publisher")
            return self._thread.submit(self._publish, task, args)

    def close(self) -> None:
        """Wait for the thread's last work and drop the connection."""
        with self._making:
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.submit(self._disconnect)
            thread.shutdown()

    def _publish(self, task: Task[Any, Any], args: tuple[Any, ...]) -> str | None:
        if self._connection is None:
            patience = {"socket_timeout": SOCKET_TIMEOUT, "socket_connect_timeout": SOCKET_TIMEOUT, "max_retries": 0}
            self._connection = app.connection_for_write(transport_options=patience)
        try:
            return task.apply_async(args, connection=self._connection, retry=False).id  # type: ignore[call-arg]
        except BaseException:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(KombuError, OSError):
                connection.release()


publisher = Publisher()
os.register_at_fork(after_in_child=publisher.forget_parent)
