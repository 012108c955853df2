"""Features of ClickHouse that Nova's schema is built on work in the embedded engine."""

from datetime import UTC, datetime

from clickhouse_driver import Client

from tests.nova.engines.clickhouse_server.server_process import wait_until


def make_events(client: Client) -> None:
    client.execute(
        "CREATE TABLE events (user UInt64, item UInt64, at DateTime('UTC')) ENGINE = MergeTree ORDER BY user"
    )


def insert_events(client: Client, count: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    client.execute("INSERT INTO events VALUES", [(i, i % 3, at) for i in range(count)])


def test_chained_materialised_views_follow_every_insert(client: Client) -> None:
    make_events(client)
    client.execute(
        "CREATE TABLE per_item (item UInt64, events SimpleAggregateFunction(sum, UInt64), "
        "users AggregateFunction(uniq, UInt64)) ENGINE = AggregatingMergeTree ORDER BY item"
    )
    client.execute("CREATE TABLE total (events UInt64) ENGINE = SummingMergeTree ORDER BY tuple()")
    client.execute(
        "CREATE MATERIALIZED VIEW first TO per_item AS "
        "SELECT item, count() AS events, uniqState(user) AS users FROM events GROUP BY item"
    )
    client.execute("CREATE MATERIALIZED VIEW second TO total AS SELECT sum(events) AS events FROM per_item")
    insert_events(client, 30)
    insert_events(client, 15)
    per_item = "SELECT item, sum(events), uniqMerge(users) FROM per_item GROUP BY item ORDER BY item"
    assert client.execute(per_item) == [(0, 15, 10), (1, 15, 10), (2, 15, 10)]
    assert client.execute("SELECT sum(events) FROM total") == [(45,)]


def test_a_refreshable_view_replaces_its_table(client: Client) -> None:
    make_events(client)
    client.execute("CREATE TABLE counted (rows UInt64) ENGINE = MergeTree ORDER BY rows")
    view = "CREATE MATERIALIZED VIEW counting REFRESH EVERY 1 YEAR TO counted EMPTY"
    client.execute(f"{view} AS SELECT count() AS rows FROM events")
    for count in (5, 7):
        client.execute("TRUNCATE TABLE events")
        insert_events(client, count)
        client.execute("SYSTEM REFRESH VIEW counting")
        client.execute("SYSTEM WAIT VIEW counting")
        assert client.execute("SELECT rows FROM counted") == [(count,)]


def test_a_refreshable_view_appends_from_final(client: Client) -> None:
    client.execute("CREATE TABLE state (id UInt8, version UInt8) ENGINE = ReplacingMergeTree(version) ORDER BY id")
    client.execute("CREATE TABLE log (rows UInt64) ENGINE = MergeTree ORDER BY rows")
    client.execute(
        "CREATE MATERIALIZED VIEW logging REFRESH EVERY 1 YEAR APPEND TO log EMPTY "
        "AS SELECT count() AS rows FROM state FINAL"
    )
    for version in (1, 2):
        client.execute("INSERT INTO state VALUES", [(1, version), (10 * version, version)])
        client.execute("SYSTEM REFRESH VIEW logging")
        client.execute("SYSTEM WAIT VIEW logging")
    assert client.execute("SELECT rows FROM log ORDER BY rows") == [(2,), (3,)]


def test_a_refreshable_view_runs_by_itself(client: Client) -> None:
    client.execute("CREATE TABLE ticks (at DateTime('UTC')) ENGINE = MergeTree ORDER BY at")
    client.execute("CREATE MATERIALIZED VIEW ticking REFRESH EVERY 1 SECOND APPEND TO ticks AS SELECT now('UTC') AS at")
    wait_until(lambda: client.execute("SELECT count() >= 2 FROM ticks") == [(1,)])
    client.execute("DROP TABLE ticking SYNC")


def test_replacing_merge_tree_keeps_the_last_version(client: Client) -> None:
    client.execute(
        "CREATE TABLE r (id UInt64, version UInt32, name String) ENGINE = ReplacingMergeTree(version) ORDER BY id"
    )
    client.execute("INSERT INTO r VALUES", [(1, 2, "b")])
    client.execute("INSERT INTO r VALUES", [(1, 1, "a"), (2, 1, "c")])
    expected = [(1, 2, "b"), (2, 1, "c")]
    assert client.execute("SELECT * FROM r FINAL ORDER BY id") == expected
    client.execute("OPTIMIZE TABLE r FINAL")
    assert client.execute("SELECT * FROM r ORDER BY id") == expected


def test_rows_past_their_ttl_go_with_a_merge(client: Client) -> None:
    client.execute("CREATE TABLE e (at DateTime('UTC')) ENGINE = MergeTree ORDER BY at TTL at + INTERVAL 1 DAY")
    new = datetime(2100, 1, 1, tzinfo=UTC)
    client.execute("INSERT INTO e VALUES", [(datetime(2001, 1, 1, tzinfo=UTC),), (new,)])
    client.execute("OPTIMIZE TABLE e FINAL")
    assert client.execute("SELECT at FROM e") == [(new,)]


def test_rows_are_deleted_by_mutation_and_by_lightweight_delete(client: Client) -> None:
    make_events(client)
    insert_events(client, 10)
    client.execute("ALTER TABLE events DELETE WHERE user < 3", settings={"mutations_sync": 1})
    assert client.execute("SELECT count() FROM events") == [(7,)]
    client.execute("DELETE FROM events WHERE user = 5")
    assert client.execute("SELECT count() FROM events") == [(6,)]


def test_a_text_index_finds_tokens(client: Client) -> None:
    client.execute(
        "CREATE TABLE d (id UInt64, body String, "
        "INDEX words lower(body) TYPE text(tokenizer = 'splitByNonAlpha')) ENGINE = MergeTree ORDER BY id"
    )
    client.execute("INSERT INTO d VALUES", [(1, "Funny CATS dancing"), (2, "dogs, dancing"), (3, "tea")])
    both = "SELECT id FROM d WHERE hasAllTokens(lower(body), ['dancing', 'cats'])"
    any_of = "SELECT id FROM d WHERE hasAnyTokens(lower(body), ['dancing', 'cats']) ORDER BY id"
    assert client.execute(both) == [(1,)]
    assert client.execute(any_of) == [(1,), (2,)]
