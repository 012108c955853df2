from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from ranking import warming


class Command(BaseCommand):
    help = "Build the feeds of the most active people ahead, so that their next page is there already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--users", type=int, default=warming.DEFAULT_USERS)
        parser.add_argument("--batch-size", type=int, default=warming.DEFAULT_BATCH, help="people ranked at once")

    def handle(self, *args: Any, **options: Any) -> None:
        users, batch_size = options["users"], options["batch_size"]
        for name, value, most in (
            ("users", users, warming.MOST_USERS),
            ("batch-size", batch_size, warming.LARGEST_BATCH),
        ):
            if not 1 <= value <= most:
                raise CommandError(f"--{name} must lie between 1 and {most:,}, not {value:,}.")
        try:
            self._warm(users, batch_size, quiet=not options["verbosity"])
        except (ClickHouseError, RedisError, DatabaseError) as error:
            raise CommandError(
                f"An engine failed ({type(error).__name__}: {error}). Feeds built so far stay; look at "
                "`/api/v1/health` and run the same command again."
            ) from error

    def _warm(self, users: int, batch_size: int, *, quiet: bool) -> None:
        people = warming.most_active(users)
        with tqdm(total=len(people), unit="feed", disable=quiet) as bar:
            built = warming.warm(people, batch_size, bar.update)
        if people:
            self.stdout.write(f"Built {built:,} feeds.")
        else:
            self.stdout.write("Nobody has watched anything in the last week, so there was nothing to build.")
