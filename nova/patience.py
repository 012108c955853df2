"""How often one web request waits for an engine that does not answer: once.

The first call that finds an engine away or too slow costs its timeout; the rest of the request does without that
engine. Outside of a request (Celery, consumers, commands) nothing is remembered: there it is breakers that help.
"""

import threading

LOST = "nova.lost_engines"  # in the environ of a request that was begun before Django saw it


class _Request(threading.local):
    """What the request of this thread has learned; None while there is no request."""

    lost: set[str] | None = None


_request = _Request()


def begin(lost: set[str] | None = None) -> set[str]:
    """Returns the engines that let the request down, which grow. `lost` are those of a request that goes on."""
    _request.lost = set() if lost is None else lost
    return _request.lost


def end() -> None:
    _request.lost = None


def lose(engine: str) -> None:
    """The engine let this request down."""
    if _request.lost is not None:
        _request.lost.add(engine)


def is_lost(engine: str) -> bool:
    return bool(_request.lost) and engine in (_request.lost or ())
