"""What every line of the log tells of where it was written."""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")


def add_request_id(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: most requests log nothing, so nothing is prepared for them."""
    if known := request_id.get():
        event.setdefault("request_id", known)
    return event
