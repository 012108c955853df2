"""ClickHouse's schema: numbered SQL files in `<app>/clickhouse/`, run once each, in the order of the apps."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.conf import settings

from nova.clients import clickhouse

COMMENT = re.compile(r"--.*$", re.MULTILINE)
LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations
(app String, name String, checksum String, applied_at DateTime('UTC') DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY (app, name)
"""


class ChangedMigrationError(Exception):
    """A file that was run already is not what it was."""


@dataclass(frozen=True)
class Migration:
    app: str
    path: Path

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def statements(self) -> Iterator[str]:
        """The file's statements without comments. Neither `--` nor `;` may stand in a string."""
        plain = COMMENT.sub("", self.path.read_text())
        return (part.strip() for part in plain.split(";") if part.strip())


def all_migrations() -> list[Migration]:
    return [
        Migration(app.label, path)
        for app in apps.get_app_configs()
        for path in sorted((Path(app.path) / "clickhouse").glob("*.sql"))
    ]


def migrate() -> list[Migration]:
    """Run what was not run yet; returns it. Running it again does nothing.

    Raises ChangedMigrationError when a file that was run has been edited since, and ClickHouseError.
    """
    create_database()
    clickhouse.run(LEDGER)
    rows = clickhouse.select("SELECT app, name, checksum FROM schema_migrations FINAL")
    applied = {(app, name): checksum for app, name, checksum in rows}
    new = []
    for migration in all_migrations():
        known = applied.get((migration.app, migration.name))
        if known is None:
            _run(migration)
            new.append(migration)
        elif known != migration.checksum:
            raise ChangedMigrationError(f"{migration.path} was edited after it was run; put changes in a new file.")
    return new


def create_database() -> None:
    """Connects to the database that every server has, because ours may not exist yet."""
    clickhouse.run_once(f"CREATE DATABASE IF NOT EXISTS {settings.CLICKHOUSE_DATABASE}", database="default")


def _run(migration: Migration) -> None:
    """Statements are written to be run again, so one that was interrupted is simply run anew."""
    for statement in migration.statements():
        clickhouse.run(statement)
    clickhouse.insert(
        "schema_migrations",
        {"app": [migration.app], "name": [migration.name], "checksum": [migration.checksum]},
    )
