"""What kind of statement a query is, as far as the protocol depends on it."""

import re
from dataclasses import dataclass

from nova.engines.clickhouse_server.columns import split_arguments
from nova.engines.clickhouse_server.errors import Code, ServerError

_SPACE = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)"
_LEADING = re.compile(rf"(?s)^(?:{_SPACE}|\()*")
_NAME = r"(?:`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|[A-Za-z_]\w*)"
_COMMENT_OR_QUOTED = re.compile(r"(?s)('(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|--[^\n]*|/\*.*?\*/")
_CLIENT_INSERT = re.compile(
    rf"""(?six)^\s*
    INSERT\s+INTO\s+(?:TABLE\s+)?
    (?P<table>{_NAME}(?:\.{_NAME})?)\s*
    (?:\((?P<columns>[^()]*)\)\s*)?
    (?:SETTINGS\s+(?P<settings>.*?)\s+)?
    (?:VALUES|FORMAT\s+\w+)\s*;?\s*$"""
)
_ENDS_BEFORE_DATA = re.compile(r"(?i)\b(?:VALUES|FORMAT\s+\w+)\s*;?\s*$")
_OUTPUT_FORMAT = re.compile(r"(?i)\s+FORMAT\s+\w+\s*;?\s*$")
_STREAMED = frozenset({"SELECT", "WITH", "FROM"})


@dataclass(frozen=True)
class ClientInsert:
    """An INSERT whose rows the client sends as blocks. `columns` is None for all of them."""

    table: str
    columns: list[str] | None
    settings: str

    def from_file(self, path: str) -> str:
        """The same INSERT with its blocks taken from a file."""
        listed = "" if self.columns is None else f" ({', '.join(map(_quoted, self.columns))})"
        settings = f" SETTINGS {self.settings}" if self.settings else ""
        source = f"FROM INFILE '{path}' COMPRESSION 'none'"
        return f"INSERT INTO {self.table}{listed} {source}{settings} FORMAT Native"


def client_insert(text: str) -> ClientInsert | None:
    """Parse an INSERT that ends where its data would begin; None for any other statement.

    Raises SYNTAX_ERROR rather than None for one it cannot parse: the client would wait for a header.
    """
    if first_word(text) != "INSERT" or not _ENDS_BEFORE_DATA.search(text):
        return None
    match = _CLIENT_INSERT.match(_COMMENT_OR_QUOTED.sub(lambda found: found[1] or " ", text))
    if match is None:
        message = "Syntax error: this server takes INSERT INTO [db.]table [(columns)] [SETTINGS ...] VALUES."
        raise ServerError(Code.SYNTAX_ERROR, message)
    listed = match["columns"]
    columns = None if listed is None else [_unquoted(name) for name in split_arguments(listed)]
    return ClientInsert(match["table"], columns, match["settings"] or "")


def first_word(text: str) -> str:
    word = re.match(r"\w*", _LEADING.sub("", text))
    return word[0].upper() if word else ""


def is_streamed(text: str) -> bool:
    """Whether the engine streams the result; it does so for SELECT in all its forms and nothing else."""
    return first_word(text) in _STREAMED


def without_format(text: str) -> str:
    """Drop a FORMAT clause: over the native protocol formatting is the client's business."""
    return _OUTPUT_FORMAT.sub("", text.rstrip().removesuffix(";"))


def _unquoted(name: str) -> str:
    if name[:1] in '`"':
        return re.sub(r"\\(.)", r"\1", name[1:-1])
    return name


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
