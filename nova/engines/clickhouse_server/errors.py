"""ClickHouse errors: a numeric code that clients act on, and a sentence."""

import re
from enum import IntEnum

_ENGINE_MESSAGE = re.compile(r"(?s)^(?:.*?failed: )?Code: (\d+)\. (?:DB::Exception: )?(.*)$")


LOST = "The engine refused this query in words that quote binary data and were lost on the way here."


class Code(IntEnum):
    """The codes this server raises by itself; every other code comes from the engine."""

    NO_SUCH_COLUMN_IN_TABLE = 16
    ILLEGAL_COLUMN = 44
    NOT_IMPLEMENTED = 48
    SYNTAX_ERROR = 62
    UNKNOWN_COMPRESSION_METHOD = 89
    UNEXPECTED_PACKET_FROM_CLIENT = 101
    UNKNOWN_SETTING = 115
    TOO_LARGE_STRING_SIZE = 131
    QUERY_WAS_CANCELLED = 394
    AUTHENTICATION_FAILED = 516
    STD_EXCEPTION = 1001


class ServerError(Exception):
    """An error to be sent to the client as an exception packet."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = f"{message} ({code.name})" if isinstance(code, Code) else message


def from_engine(error: RuntimeError | UnicodeDecodeError) -> ServerError:
    """Recover the numeric code from the engine's text, the only place where chdb puts it.

    A text that quotes binary data arrives as a UnicodeDecodeError that holds it, or, where Python was built otherwise
    (Debian 12's 3.11.2), as an empty one: chdb has lost it, and the code with it.
    """
    text = error.object.decode("utf-8", "replace") if isinstance(error, UnicodeDecodeError) else str(error)
    match = _ENGINE_MESSAGE.match(text)
    if match is None:
        return ServerError(Code.STD_EXCEPTION, text or LOST)
    return ServerError(int(match[1]), match[2])


class StartupError(Exception):
    """The server cannot start; the message says what to do."""
