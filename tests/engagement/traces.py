"""Where a person can still be found: every column of every table, and every key and value."""

from typing import Any

from django.db import connection

from nova.clients import clickhouse, redis

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
CLICKHOUSE_TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%%MergeTree'"


def everywhere(user_id: str) -> list[str]:
    return in_postgres(user_id) + in_clickhouse(user_id) + in_redis(user_id)


def in_postgres(user_id: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" AS found WHERE found::text LIKE %s', [f"%{user_id}%"])
            found += [f"postgres:{table}"] * cursor.fetchone()[0]
    return found


def in_clickhouse(user_id: str) -> list[str]:
    found = []
    for (table,) in clickhouse.select(CLICKHOUSE_TABLES):
        sql = f"SELECT count() FROM {table} WHERE formatRow('JSONEachRow', *) LIKE %(like)s"
        found += [f"clickhouse:{table}"] * clickhouse.select(sql, {"like": f"%{user_id}%"})[0][0]
    return found


def in_redis(user_id: str) -> list[str]:
    """But for the count of this minute's requests, which every request makes and a minute ends."""
    wanted = user_id.encode()
    keys = [key for key in redis.connection().scan_iter() if not key.startswith(b"rate:u:")]
    return [f"redis:{key.decode()}" for key in keys if wanted in key or wanted in repr(_value(key)).encode()]


def _value(key: bytes) -> Any:
    read = {
        b"string": lambda: redis.connection().get(key),
        b"hash": lambda: redis.connection().hgetall(key),
        b"zset": lambda: redis.connection().zrange(key, 0, -1),
        b"set": lambda: redis.connection().smembers(key),
        b"stream": lambda: redis.connection().xrange(key),
        b"list": lambda: redis.connection().lrange(key, 0, -1),
    }
    return read[redis.connection().type(key)]()
