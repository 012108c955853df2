import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from ranking import publishing


class Command(BaseCommand):
    help = "Bring the ranking signals up to date now; the scheduler does so every 30 seconds."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            table = publishing.refresh()
        except (ClickHouseError, RedisError) as error:
            raise CommandError(f"{error}. The signals published before stay in use; try again.") from error
        self.stdout.write(f"Published signals of {len(table):,} videos in {time.perf_counter() - started:.1f} s.")
