from typing import Any

from django.core.management.base import BaseCommand, CommandError

from nova import clickhouse_schema
from nova.clients.clickhouse import ClickHouseError


class Command(BaseCommand):
    help = "Bring ClickHouse's schema up to date. Running it again does nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            new = clickhouse_schema.migrate()
        except clickhouse_schema.ChangedMigrationError as error:
            raise CommandError(str(error)) from error
        except ClickHouseError as error:
            raise CommandError(f"ClickHouse refused: {error}. Check CLICKHOUSE_URL and run this again.") from error
        for migration in new:
            self.stdout.write(f"  Applied {migration.app}/{migration.name}")
        if not new:
            self.stdout.write("  ClickHouse is up to date.")
