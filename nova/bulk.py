"""Reading JSON Lines files of any size: streaming, with progress, and with a place for the lines that are not right."""

import gc
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self, cast

import orjson
from tqdm import tqdm

LONGEST_LINE = 1_000_000
EXCERPT = 500
SHOW_EVERY = 1_000  # lines


@contextmanager
def no_cycles() -> Iterator[None]:
    """Batches of records make hundreds of thousands of objects and no cycles: looking for some takes a quarter of a
    load's time, so nobody looks meanwhile."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class BadLineError(ValueError):
    """A line that cannot be loaded; the message is the reason a person reads."""


class Records(Protocol):
    """What bulk loads read: a `BulkFile`, or records made in memory."""

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]: ...

    def reject(self, number: int, reason: str, line: object) -> None: ...


class BulkFile:
    """One file on its way in. Iterating gives `(line number, record)`; what is bad goes to `FILE.rejects.jsonl`.

    Use as a context manager. `rejected` counts bad lines; a record whose meaning turns out to be bad later is
    reported with `reject`.
    """

    def __init__(self, path: Path, *, quiet: bool = False) -> None:
        self.path = path
        self.rejects_path = path.with_name(path.name + ".rejects.jsonl")
        self.rejected = 0
        self._rejects: IO[bytes] | None = None
        self._raw = path.open("rb")
        self._lines: IO[bytes] = _unpacked(self._raw) if path.suffix == ".gz" else self._raw
        self._progress = tqdm(
            total=path.stat().st_size, unit="B", unit_scale=True, desc=path.name, disable=quiet or None
        )

    def __enter__(self) -> Self:
        self.rejects_path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.close()
        self._raw.close()
        if self._rejects:
            self._rejects.close()

    def __iter__(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, line in enumerate(self._read(), start=1):
            if number % SHOW_EVERY == 0:
                self._show_progress()
            if not line.strip():
                continue
            try:
                yield number, _record(line)
            except BadLineError as error:
                self.reject(number, str(error), line)

    def reject(self, number: int, reason: str, line: object) -> None:
        """Write a bad line down and go on."""
        if self._rejects is None:
            self._rejects = self.rejects_path.open("wb")
        text = line.decode(errors="replace") if isinstance(line, bytes) else orjson.dumps(line, default=str).decode()
        entry = {"line": number, "reason": reason, "content": text.strip()[:EXCERPT]}
        self._rejects.write(orjson.dumps(entry) + b"\n")
        self.rejected += 1

    def _read(self) -> Iterator[bytes]:
        """Lines; the rest of an over-long one is passed over, so that memory stays bounded."""
        try:
            while line := self._lines.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    self._skip_rest_of_line()
                yield line
            self._show_progress()
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BadFileError(f"{self.path} is not a whole gzip file: {error}") from error

    def _show_progress(self) -> None:
        self._progress.update(self._raw.tell() - self._progress.n)

    def _skip_rest_of_line(self) -> None:
        while (part := self._lines.readline(LONGEST_LINE)) and not part.endswith(b"\n"):
            pass


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], gzip.GzipFile(fileobj=raw))


class BadFileError(Exception):
    """The file as a whole cannot be read."""


def _record(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise BadLineError(f"the line is longer than {LONGEST_LINE:,} bytes")
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLineError(f"not JSON: {error.msg}") from None
    if not isinstance(record, dict):
        raise BadLineError("not a JSON object")
    return record
