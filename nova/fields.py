"""Reading fields of bulk records. Null means absent. Each function raises BadLineError that names the field."""

import datetime as dt
import math
from typing import Any

from nova.bulk import BadLineError

EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def text(record: dict[str, Any], name: str, *, longest: int) -> str:
    """A required string of 1 to `longest` characters."""
    value = record.get(name)
    if type(value) is str and 0 < len(value) <= longest and "\0" not in value:
        return value  # nearly always: a bulk load asks this millions of times
    value = optional_text(record, name, longest=longest)
    if not value:
        raise BadLineError(f"{name} is missing")
    return value


def optional_text(record: dict[str, Any], name: str, *, longest: int) -> str:
    """A string, empty when absent."""
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadLineError(f"{name} is not a string")
    if len(value) > longest:
        raise BadLineError(f"{name} is longer than {longest} characters")
    if "\0" in value:
        raise BadLineError(f"{name} contains a NUL character")
    return value


def optional_number(record: dict[str, Any], name: str, *, largest: float) -> float | None:
    """A finite number from 0 to `largest`, None when absent."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadLineError(f"{name} is not a number")
    if not math.isfinite(value) or not 0 <= value <= largest:
        raise BadLineError(f"{name} is not between 0 and {largest:g}")
    return value


def time(record: dict[str, Any], name: str, *, latest: dt.datetime) -> dt.datetime:
    """An ISO 8601 time between 2000 and `latest`; without an offset it is UTC."""
    value = record.get(name)
    if not isinstance(value, str):
        raise BadLineError(f"{name} is missing" if value is None else f"{name} is not a string")
    try:
        parsed = dt.datetime.fromisoformat(value)
    except ValueError:
        raise BadLineError(f"{name} is not an ISO 8601 time") from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=dt.UTC)
    if not EARLIEST <= parsed <= latest:
        raise BadLineError(f"{name} is before 2000 or in the future")
    return parsed
