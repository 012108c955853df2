"""Connections go back to the pool when a request ends, and a request that took none does not go looking for any.

Django looks through every connection of the thread at the start and at the end of each request: a fifth of the time of
an empty view, and a cached feed never takes one.
"""

import threading
from typing import Any

from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


class _Thread(threading.local):
    took_one = False


_thread = _Thread()


def taken() -> None:
    """This thread has a connection, which is to be given back."""
    _thread.took_one = True


def give_back(**signal: Any) -> None:
    if _thread.took_one:
        _thread.took_one = False
        close_old_connections()


def prepare() -> None:
    """For the web: what Django does on every request is done where there is something to do. Queries are not logged
    there, so nothing is to be forgotten of them; caches stay connected, so they need not be asked to close; and each
    request begins with setting the URLconf, so none has to end with setting it back."""
    request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    request_finished.disconnect(reset_urlconf)
    request_finished.connect(give_back)
