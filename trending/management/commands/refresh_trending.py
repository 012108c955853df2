import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from trending import refreshing


class Command(BaseCommand):
    help = "Make the lists of what trends and of growing creators now; the scheduler does so by itself."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        try:
            published = refreshing.refresh(creators_too=True)
        except (ClickHouseError, DatabaseError, RedisError) as error:
            raise CommandError(f"{error}. The lists published before stay in use; try again.") from error
        if not published:
            self.stdout.write("Another process is making these lists at this moment.")
            return
        self.stdout.write(f"Published {', '.join(published)} in {time.perf_counter() - started:.1f} s.")
