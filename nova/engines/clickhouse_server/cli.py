"""Command line: parse, take the directory and the port, serve until a signal, leave."""

import argparse
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import IO

from nova.engines import lock
from nova.engines.clickhouse_server.errors import StartupError

PASSWORD_VARIABLE = "NOVA_CLICKHOUSE_PASSWORD"
EXIT_REFUSED = 2


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m nova.engines.clickhouse_server", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data directory, made if it is not there")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--database", help="a database to create if it is not there")
    return parser.parse_args(arguments)


def main() -> None:
    options = parse_arguments()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _run(options)
    except StartupError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_REFUSED)


def _run(options: argparse.Namespace) -> None:
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        raise StartupError(f"No password: set {PASSWORD_VARIABLE} in the environment.")
    os.environ["TZ"] = "UTC"  # the engine reads its time zone from here and not from its configuration
    # Imported late: loading the engine takes a second, and a wrong start should be refused at once.
    from nova.engines.clickhouse_server.server import Server, listen

    held = _hold(options.data)
    listener = listen(options.host, options.port)
    from nova.engines.clickhouse_server.engine import Engine

    engine = Engine(options.data.resolve())
    if options.database:
        engine.create_database(options.database)
    server = Server(listener, engine, password)
    stopping = threading.Event()
    _stop_on_signals(listener, stopping)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"listening on {host}:{port}\n")
    sys.stdout.flush()
    server.serve(stopping)
    server.stop()
    held.close()
    logging.shutdown()
    os._exit(0)  # the engine's threads do not survive the interpreter's own way out


def _hold(data: Path) -> IO[str]:
    """One process per data directory: the engine does not look after that itself."""
    try:
        return lock.acquire(data / "server.lock")
    except lock.AlreadyHeldError as error:
        message = f"{data} is in use ({error.note}): stop that server, or choose another --data directory."
        raise StartupError(message) from None


def _stop_on_signals(listener: socket.socket, stopping: threading.Event) -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()
        with contextlib.suppress(OSError):  # a second signal finds it closed
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
