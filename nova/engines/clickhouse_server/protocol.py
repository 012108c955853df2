"""Packets of the native protocol, as spoken at one fixed revision.

Revision 54429 is the first with settings as strings. The server announces it, so a newer client leaves
out everything that came later (OpenTelemetry, custom serialization, profile events, addendum, parameters).
"""

from dataclasses import dataclass
from enum import IntEnum

from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.wire import Source, int32, string, varint

REVISION = 54429
SERVER_NAME = "ClickHouse"
SETTING_IS_IMPORTANT = 0x1
MAX_HELLO_STRING = 4096
# BlockInfo: field 1 is_overflows = 0, field 2 bucket_num = -1, end.
BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


class ClientPacket(IntEnum):
    HELLO = 0
    QUERY = 1
    DATA = 2
    CANCEL = 3
    PING = 4


class ServerPacket(IntEnum):
    HELLO = 0
    DATA = 1
    EXCEPTION = 2
    PROGRESS = 3
    PONG = 4
    END_OF_STREAM = 5
    PROFILE_INFO = 6


@dataclass(frozen=True)
class Hello:
    client: str
    revision: int
    database: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Hello({self.client!r}, {self.user!r})"  # never the password


@dataclass(frozen=True)
class Setting:
    value: str
    important: bool


@dataclass(frozen=True)
class Query:
    query_id: str
    settings: dict[str, Setting]
    compressed: bool
    text: str


def read_hello(source: Source) -> Hello:
    if source.read_varint() != ClientPacket.HELLO:
        raise ServerError(Code.UNEXPECTED_PACKET_FROM_CLIENT, "Expected Hello: this is not a ClickHouse client.")
    client = source.read_string(MAX_HELLO_STRING)
    for _ in range(2):  # version
        source.read_varint()
    revision = source.read_varint()
    database, user, password = (source.read_string(MAX_HELLO_STRING) for _ in range(3))
    return Hello(client, revision, database, user, password)


def read_query(source: Source) -> Query:
    """Read a QUERY packet after its type."""
    query_id = source.read_string()
    _skip_client_info(source)
    settings = _read_settings(source)
    source.read_varint()  # stage: the only one a client asks for is complete
    return Query(query_id, settings, bool(source.read_varint()), source.read_string())


def _skip_client_info(source: Source) -> None:
    if source.read_byte() == 0:  # no query kind, no information
        return
    for _ in range(3):  # initial user, query id and address
        source.read_string()
    source.read_byte()  # interface
    for _ in range(3):  # OS user, host name, client name
        source.read_string()
    for _ in range(3):  # major, minor, revision
        source.read_varint()
    source.read_string()  # quota key
    source.read_varint()  # patch


def _read_settings(source: Source) -> dict[str, Setting]:
    settings = {}
    while name := source.read_string():
        flags = source.read_byte()
        settings[name] = Setting(source.read_string(), bool(flags & SETTING_IS_IMPORTANT))
    return settings


def skip_block_info(source: Source) -> None:
    while field := source.read_varint():
        source.skip(1 if field == 1 else 4)


def hello(version: tuple[int, int, int], timezone: str) -> bytes:
    major, minor, patch = version
    numbers = varint(major) + varint(minor) + varint(REVISION)
    return b"".join(
        (
            varint(ServerPacket.HELLO),
            string(SERVER_NAME),
            numbers,
            string(timezone),
            string("nova"),
            varint(patch),
        )
    )


def data(native_block: bytes) -> bytes:
    return b"\x01\x00" + BLOCK_INFO + native_block  # DATA, unnamed table


def exception(error: ServerError) -> bytes:
    text = string("DB::Exception") + string(f"DB::Exception: {error.message}") + string("")
    return varint(ServerPacket.EXCEPTION) + int32(error.code) + text + b"\x00"  # nothing nested


def progress(rows: int, size: int) -> bytes:
    """Rows and bytes read; totals and what was written are left at zero."""
    return varint(ServerPacket.PROGRESS) + varint(rows) + varint(size) + b"\x00\x00\x00"


def profile_info(rows: int, blocks: int, size: int) -> bytes:
    return varint(ServerPacket.PROFILE_INFO) + varint(rows) + varint(blocks) + varint(size) + b"\x00\x00\x00"


PONG = varint(ServerPacket.PONG)
END_OF_STREAM = varint(ServerPacket.END_OF_STREAM)
