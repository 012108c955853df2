"""ClickHouse's schema and how it gets there."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from nova import clickhouse_schema
from nova.clickhouse_schema import ChangedMigrationError, Migration
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError

# The names and columns that dashboards and reports rely on.
DOCUMENTED = {
    "engagement_events": (
        "event_id user_id video_id creator_id kind completion_percent watch_ms sound_id hashtags category occurred_at"
    ),
    "video_ranking_signals_1h": (
        "video_id hour completion_rate engagement_score affinity_boost deep_model_score view_count like_count "
        "share_count comment_count"
    ),
    "user_watch_history_realtime": "user_id video_id watched_at completion_percent",
    "user_author_90d": "user_id creator_id",
    "trending_sounds_hourly": "sound_id hour video_count usage_rank",
    "trending_hashtags_hourly": "hashtag hour post_count trend_rank",
}
COLUMNS = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = %(table)s"
TABLE = """
SELECT engine, sorting_key, create_table_query FROM system.tables
WHERE database = currentDatabase() AND name = %(table)s
"""


@pytest.fixture
def empty_database(settings: Settings) -> Iterator[None]:
    """A database of this test's own that no migration has seen."""
    settings.CLICKHOUSE_DATABASE += "_schema"
    clickhouse.pool.close()
    yield
    clickhouse.pool.close()
    clickhouse.run_once(f"DROP DATABASE IF EXISTS {settings.CLICKHOUSE_DATABASE}", database="default")


@pytest.fixture
def only(empty_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Migration]:
    """Make a file of this text the one migration there is."""

    def make(text: str) -> Migration:
        path = tmp_path / "0001_first.sql"
        path.write_text(text)
        migration = Migration("app", path)
        monkeypatch.setattr(clickhouse_schema, "all_migrations", lambda: [migration])
        return migration

    return make


def test_migrating_again_does_nothing(empty_database: None) -> None:
    assert clickhouse_schema.migrate() == clickhouse_schema.all_migrations()
    before = clickhouse.select("SELECT name, uuid FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    assert clickhouse_schema.migrate() == []
    after = clickhouse.select("SELECT name, uuid FROM system.tables WHERE database = currentDatabase() ORDER BY name")
    assert after == before


def test_files_run_in_the_order_of_their_numbers() -> None:
    names = [migration.name for migration in clickhouse_schema.all_migrations() if migration.app == "engagement"]
    assert names[:3] == ["0001_events", "0002_people", "0003_hours"]
    assert names == sorted(names)


def test_a_new_file_is_run_beside_those_that_were(only: Callable[..., Migration], tmp_path: Path) -> None:
    first = only("CREATE TABLE one (a UInt8) ENGINE = Memory")
    clickhouse_schema.migrate()
    second = Migration("app", tmp_path / "0002_second.sql")
    second.path.write_text("CREATE TABLE two (a UInt8) ENGINE = Memory")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clickhouse_schema, "all_migrations", lambda: [first, second])
        assert clickhouse_schema.migrate() == [second]
    assert clickhouse.select("SELECT count() FROM two") == [(0,)]


def test_a_file_that_was_edited_after_it_ran_is_refused_by_its_path(
    clickhouse_schema_ready: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = clickhouse_schema.all_migrations()[0]
    copy = Migration(original.app, Path(shutil.copy(original.path, tmp_path)))
    monkeypatch.setattr(clickhouse_schema, "all_migrations", lambda: [copy])
    assert clickhouse_schema.migrate() == []
    copy.path.write_text(copy.path.read_text() + "\n-- an afterthought\n")
    with pytest.raises(ChangedMigrationError, match=str(copy.path)):
        clickhouse_schema.migrate()


def test_a_file_that_failed_half_way_is_run_anew(only: Callable[..., Migration]) -> None:
    made = "CREATE TABLE IF NOT EXISTS one (a UInt8) ENGINE = Memory;"
    migration = only(f"{made} ALTER TABLE absent ADD COLUMN b UInt8;")
    with pytest.raises(ClickHouseError):
        clickhouse_schema.migrate()
    migration.path.write_text(f"{made} CREATE TABLE two (a UInt8) ENGINE = Memory;")
    assert clickhouse_schema.migrate() == [migration]
    assert clickhouse_schema.migrate() == []


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("", []),
        ("-- nothing; but; comments\n", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\n\n;;\nSELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("-- first; of two\nSELECT 1 -- one; not two\n, 2;", ["SELECT 1 \n, 2"]),
        ("SELECT 1; -- SELECT 2;\nSELECT 3", ["SELECT 1", "SELECT 3"]),
    ],
)
def test_statements_come_without_comments_and_empty_ones(tmp_path: Path, text: str, statements: list[str]) -> None:
    path = tmp_path / "0001_first.sql"
    path.write_text(text)
    assert list(Migration("app", path).statements()) == statements


@pytest.mark.parametrize("table", DOCUMENTED)
def test_the_documented_columns_are_there(clickhouse_schema_ready: None, table: str) -> None:
    columns = {name for (name,) in clickhouse.select(COLUMNS, {"table": table})}
    assert set(DOCUMENTED[table].split()) <= columns
    clickhouse.select(f"SELECT {', '.join(DOCUMENTED[table].split())} FROM {table} LIMIT 1")


@pytest.mark.parametrize(
    ("table", "days"),
    [
        ("engagement_event_log", 400),
        ("video_signal_hours", 90),
        ("user_watch_history_realtime", 30),
        ("user_author_ties", 90),
        ("trending_uses", 90),
    ],
)
def test_rows_are_kept_as_long_as_documented(clickhouse_schema_ready: None, table: str, days: int) -> None:
    ((_, _, query),) = clickhouse.select(TABLE, {"table": table})
    assert f"+ toIntervalDay({days})" in query.partition(" TTL ")[2]


@pytest.mark.parametrize(
    ("table", "key"),
    [("video_signal_hours", "hour, video_id"), ("user_watch_history_realtime", "user_id, video_id")],
)
def test_rows_are_sorted_as_documented(clickhouse_schema_ready: None, table: str, key: str) -> None:
    ((engine, sorting_key, _),) = clickhouse.select(TABLE, {"table": table})
    assert (engine, sorting_key) == ("ReplacingMergeTree", key)
