"""The conversation with one client, from Hello to the end of its connection."""

import contextlib
import hmac
import logging
import socket

from nova.engines.clickhouse_server import protocol
from nova.engines.clickhouse_server.blocks import header_block, read_block
from nova.engines.clickhouse_server.engine import Engine
from nova.engines.clickhouse_server.errors import Code, ServerError
from nova.engines.clickhouse_server.inserts import BlockFile
from nova.engines.clickhouse_server.protocol import ClientPacket, Hello, Query
from nova.engines.clickhouse_server.results import Result
from nova.engines.clickhouse_server.session import RunningQuery, Session
from nova.engines.clickhouse_server.statements import ClientInsert, client_insert
from nova.engines.clickhouse_server.watch import CancelWatch
from nova.engines.clickhouse_server.wire import RECEIVE_SIZE, socket_source

logger = logging.getLogger(__name__)

USERS = frozenset({"nova", "default"})
HELLO_TIMEOUT_SECONDS = 10
LINGER_SECONDS = 1


class ClientConnection:
    def __init__(self, connection: socket.socket, engine: Engine, watch: CancelWatch, password: str) -> None:
        self._socket = connection
        self._source = socket_source(connection)
        self._engine = engine
        self._watch = watch
        self._password = password
        self.session: Session | None = None

    def serve(self) -> None:
        """Answer until the client leaves. Errors of the network end this connection and nothing else."""
        try:
            session = self._greet()
            while True:
                self._answer_packet(session)
        except (EOFError, OSError):
            pass  # the client is gone
        except ServerError as error:
            self._refuse(error)
        finally:
            self._close()

    def hang_up(self) -> None:
        """Wake the thread of an idle client and end its conversation. Called from another thread."""
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)

    # --- conversation -------------------------------------------------------------------------------------

    def _greet(self) -> Session:
        self._socket.settimeout(HELLO_TIMEOUT_SECONDS)
        hello = protocol.read_hello(self._source)
        self._authenticate(hello)
        self.session = Session(self._engine, hello.database)
        self._socket.settimeout(None)
        self._send(protocol.hello(self._engine.version, self._engine.timezone))
        return self.session

    def _authenticate(self, hello: Hello) -> None:
        accepted = hmac.compare_digest(hello.password.encode("utf-8", "surrogateescape"), self._password.encode())
        if hello.user not in USERS or not accepted:
            message = f"{hello.user}: Authentication failed: password is incorrect, or there is no such user."
            raise ServerError(Code.AUTHENTICATION_FAILED, message)
        if hello.revision < protocol.REVISION:
            raise ServerError(Code.NOT_IMPLEMENTED, f"A client of revision {protocol.REVISION} or later is needed.")

    def _answer_packet(self, session: Session) -> None:
        self._source.forget_consumed()
        packet = self._source.read_varint()
        if packet == ClientPacket.PING:
            self._send(protocol.PONG)
        elif packet == ClientPacket.QUERY:
            self._answer_query(session, protocol.read_query(self._source))
        elif packet != ClientPacket.CANCEL:  # a CANCEL here came after the end of its query
            raise ServerError(Code.UNEXPECTED_PACKET_FROM_CLIENT, f"Unexpected packet {packet} from client.")

    def _answer_query(self, session: Session, query: Query) -> None:
        if query.compressed:  # refused before reading on: the blocks that follow are compressed
            message = "This server does not compress: connect with compression=False."
            raise ServerError(Code.UNKNOWN_COMPRESSION_METHOD, message)
        self._refuse_external_tables()
        self._send(self._outcome(session, query))

    def _outcome(self, session: Session, query: Query) -> bytes:
        """Run the query and return the packet that ends its answer."""
        running = None
        try:
            with session.query(query.settings) as running:
                self._execute(session, running, query.text)
        except ServerError as error:
            if running is None or not running.cancelled:
                logger.warning("query failed code=%d", error.code)
                return protocol.exception(error)
        return protocol.END_OF_STREAM

    def _execute(self, session: Session, running: RunningQuery, text: str) -> None:
        insert = client_insert(text)
        if insert is None and not self._cancelled_at_once():
            with self._watch.watching(self._socket, running.cancel):
                self._send_result(session.execute(text), running)
        elif insert is not None:
            self._receive_insert(session, insert)

    def _cancelled_at_once(self) -> bool:
        """Whether CANCEL came together with the query, and so never reaches the watch."""
        return self._source.pending[:1] == bytes([ClientPacket.CANCEL])

    # --- results ------------------------------------------------------------------------------------------

    def _send_result(self, result: Result, running: RunningQuery) -> None:
        if not result.columns:
            return
        packets = protocol.data(header_block(result.columns))
        rows = blocks = size = 0
        for block, block_rows in result.blocks:
            if running.cancelled:
                return
            rows, blocks, size = rows + block_rows, blocks + 1, size + len(block)
            self._send(packets + protocol.data(block))
            packets = b""
        self._send(packets + protocol.progress(rows, size) + protocol.profile_info(rows, blocks, size))

    # --- inserts ------------------------------------------------------------------------------------------

    def _receive_insert(self, session: Session, insert: ClientInsert) -> None:
        self._send(protocol.data(header_block(session.insert_header(insert))))
        with session.block_file(insert) as file:
            failure = self._receive_blocks(file)
            if failure is not None:
                raise failure
            file.flush()

    def _receive_blocks(self, file: BlockFile) -> ServerError | None:
        """Read to the end of the client's data in any case: only then does it listen for an error."""
        failure: ServerError | None = None
        while (start := self._skip_block()) is not None:
            if failure is None:
                try:
                    with memoryview(self._source.buffer)[start : self._source.position] as block:
                        file.append(block)
                except ServerError as error:
                    failure = error
        return failure

    def _skip_block(self) -> int | None:
        """Receive a data packet whole; return where its block starts, None if it ends the data."""
        self._source.forget_consumed()
        packet = self._source.read_varint()
        if packet != ClientPacket.DATA:
            raise ConnectionError("the client gave up its insert")
        self._source.read_string()  # table name
        protocol.skip_block_info(self._source)
        start = self._source.position
        return start if read_block(self._source).rows else None

    def _refuse_external_tables(self) -> None:
        if self._skip_block() is not None:
            message = "This server takes no external tables: use a temporary table."
            raise ServerError(Code.NOT_IMPLEMENTED, message)

    # --- socket -------------------------------------------------------------------------------------------

    def _send(self, packets: bytes) -> None:
        self._socket.sendall(packets)

    def _refuse(self, error: ServerError) -> None:
        """Say why, and hang up: what the client sends next could not be understood.

        What it has sent is read first, because closing with unread data would discard the answer.
        """
        logger.warning("connection refused code=%d", error.code)
        try:
            self._send(protocol.exception(error))
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(LINGER_SECONDS)
            while self._socket.recv(RECEIVE_SIZE):
                pass
        except OSError:
            pass  # the client is gone, or takes its time

    def _close(self) -> None:
        self._socket.close()
        if self.session is not None:
            self.session.close()
