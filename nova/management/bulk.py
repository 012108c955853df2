"""What the two import commands share: the file argument, the progress bar, the closing sentence, the exit status."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nova.bulk import BadFileError, BulkFile
from nova.clients.clickhouse import ClickHouseError
from nova.clients.kafka import KafkaError


class BulkCommand(BaseCommand):
    """Subclasses name what is loaded and the function that loads it."""

    what: str
    load: Callable[[BulkFile], int]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="JSON Lines, one object a line; .gz too")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        try:
            with BulkFile(path, quiet=not options["verbosity"]) as file:
                loaded = type(self).load(file)
        except BadFileError as error:
            raise CommandError(str(error)) from error
        except (ClickHouseError, KafkaError) as error:
            engine = type(error).__name__.removesuffix("Error")
            raise CommandError(
                f"{engine} failed: {error}. Nothing is lost: run the same command again when it is back."
            ) from error
        self._close(file, loaded)

    def _close(self, file: BulkFile, loaded: int) -> None:
        if not loaded:
            where = f" The reasons are in {file.rejects_path}." if file.rejected else " The file is empty."
            raise CommandError(f"Nothing was loaded.{where}")
        self.stdout.write(f"Loaded {loaded:,} {self.what} from {file.path}.")
        if file.rejected:
            self.stderr.write(
                self.style.WARNING(f"{file.rejected:,} lines were not right; the reasons are in {file.rejects_path}.")
            )
