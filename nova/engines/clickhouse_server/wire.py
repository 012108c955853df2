"""Primitive values of the native protocol, read from a growing buffer and written to bytes."""

import socket
import struct
from collections.abc import Callable

from nova.engines.clickhouse_server.errors import Code, ServerError

RECEIVE_SIZE = 256 * 1024
# A buffer that grew for one large block is given back instead of being kept for an idle client.
KEEP_BUFFER_SIZE = 1024 * 1024
# A query may carry a long IN list.
MAX_TEXT_SIZE = 256 * 1024 * 1024


class Source:
    """Bytes with a read position; more are fetched when they are needed.

    Column skipping works on ``buffer`` and ``position`` directly, because a call per value would
    dominate the cost of an insert.
    """

    def __init__(self, fetch: Callable[[], bytes], buffer: bytes = b"") -> None:
        self._fetch = fetch
        self.buffer = bytearray(buffer)
        self.position = 0

    def fill_past(self, position: int) -> None:
        """Fetch at least once, and until the byte at `position` is there. Raises EOFError."""
        while True:
            received = self._fetch()
            if not received:
                raise EOFError("the peer closed the connection")
            self.buffer += received
            if len(self.buffer) > position:
                return

    def skip(self, size: int) -> None:
        end = self.position + size
        if end > len(self.buffer):
            self.fill_past(end - 1)
        self.position = end

    def read(self, size: int) -> bytes:
        start = self.position
        self.skip(size)
        return bytes(self.buffer[start : start + size])

    def read_uint64(self) -> int:
        return int.from_bytes(self.read(8), "little")

    def read_byte(self) -> int:
        self.skip(1)
        return self.buffer[self.position - 1]

    def read_varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.read_byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def read_string(self, limit: int = MAX_TEXT_SIZE) -> str:
        size = self.read_varint()
        if size > limit:
            raise ServerError(Code.TOO_LARGE_STRING_SIZE, f"A string of {size} bytes is longer than {limit}.")
        return self.read(size).decode("utf-8", "surrogateescape")

    def forget_consumed(self) -> None:
        """Drop what has been read. Called between packets only, so that a block can be cut out whole."""
        if self.position == len(self.buffer) and self.position > KEEP_BUFFER_SIZE:
            self.buffer = bytearray()
        else:
            del self.buffer[: self.position]
        self.position = 0

    @property
    def pending(self) -> bytes:
        """Received and not yet read."""
        return bytes(self.buffer[self.position :])


def socket_source(connection: socket.socket) -> Source:
    return Source(lambda: connection.recv(RECEIVE_SIZE))


def bytes_source(data: bytes) -> Source:
    return Source(lambda: b"", data)


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def string(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return varint(len(encoded)) + encoded


def int32(value: int) -> bytes:
    return struct.pack("<i", value)
