from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from nova.clients.clickhouse import ClickHouseError
from ranking.search import indexing, store
from reels import index_queue
from reels.models import VideoChange


class Command(BaseCommand):
    help = "Bring the search index up to date now; the scheduler does so every second."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--all", action="store_true", help="index every video anew, and drop what is not there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            indexed = self._index(is_complete=options["all"], quiet=not options["verbosity"])
        except (ClickHouseError, DatabaseError) as error:
            raise CommandError(
                f"An engine failed ({type(error).__name__}: {error}). What is not indexed yet waits: run the same "
                "command again when it is back."
            ) from error
        self.stdout.write(f"Indexed {indexed:,} videos.")

    def _index(self, *, is_complete: bool, quiet: bool) -> int:
        before = index_queue.all_changed(above=store.newest_version()) if is_complete else 0
        indexed = 0
        with tqdm(total=VideoChange.objects.count(), unit="video", disable=quiet or None) as bar:
            for number in indexing.batches():
                indexed += number
                bar.update(number)
        if is_complete:
            store.forget_before(before)
            store.tidy()
        return indexed
