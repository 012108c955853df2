"""All that is held of a person, as one JSON document.

It is written to a file first: an answer is whole or an error, never one that ends early and looks complete, and
however much a person did, memory stays constant.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO, Any

import orjson
from django.db.models import QuerySet

from engagement import profiles, recent
from engagement.models import (
    Block,
    Comment,
    EventReceipt,
    Follow,
    Like,
    NotInterested,
    OutboxEvent,
    Preferences,
    RedisRepair,
)
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from nova.errors import EngineAwayError
from reels.erasures import person
from reels.models import Creator, Erasure, Video
from reels.signals import export_asked

CHUNK = 2_000
TIMEOUT = 60
OF_VIDEO, OF_CREATOR = ("video_id", "is_active", "changed_at"), ("creator_id", "is_active", "changed_at")
VIDEO = "nullIf(video_id, toUUID('00000000-0000-0000-0000-000000000000')) AS video_id"  # none for a follow
ABOUT_VIDEO = ("creator_id", "sound_id", "hashtags", "category")
# By section: the table and its columns; the last word of each is its name here.
IN_CLICKHOUSE = {
    "events": (
        "engagement_events",
        ("event_id", "kind", VIDEO, *ABOUT_VIDEO, "completion_percent", "watch_ms", "occurred_at"),
    ),
    "watch_history": ("user_watch_history_realtime FINAL", ("video_id", "watched_at", "completion_percent")),
    "creator_ties": ("user_author_ties FINAL", ("creator_id", "item_id", "is_like", "is_comment", "tied_at")),
}


def export(user_id: str) -> IO[bytes]:
    """The document, in a file that nobody else can open and that is gone when it is closed. Raises EngineAwayError."""
    with ExitStack() as unless_whole:
        file = unless_whole.enter_context(tempfile.TemporaryFile())
        try:
            file.writelines(_document(user_id))
        except (ClickHouseError, RedisError) as error:
            raise EngineAwayError from error
        file.seek(0)
        unless_whole.pop_all()  # whoever asked closes it
    return file


def _document(user_id: str) -> Iterator[bytes]:
    yield b'{"user_id":' + orjson.dumps(user_id)
    for name, rows in _sections(user_id):
        yield b',"%b":[' % name.encode()
        yield from _joined(rows)
        yield b"]"
    yield b',"redis":' + orjson.dumps(_in_redis(user_id)) + b"}"


def _sections(user_id: str) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    for name, (table, columns) in IN_CLICKHOUSE.items():
        yield name, _from_clickhouse(table, columns, user_id)
    for name, rows in _in_postgres(user_id).items():
        yield name, rows.iterator(CHUNK)


def _in_postgres(user_id: str) -> dict[str, QuerySet[Any, dict[str, Any]]]:
    mine = {"user_id": user_id}
    return {
        "preferences": Preferences.objects.filter(**mine).values("personalized", "changed_at"),
        "likes": Like.objects.filter(**mine).values(*OF_VIDEO),
        "not_interested": NotInterested.objects.filter(**mine).values(*OF_VIDEO),
        "follows": Follow.objects.filter(**mine).values(*OF_CREATOR),
        "blocks": Block.objects.filter(**mine).values(*OF_CREATOR),
        "comments": Comment.objects.filter(**mine).values("id", "video_id", "created_at"),
        "events_on_their_way": OutboxEvent.objects.filter(**mine).values("payload", "created_at", "parked_because"),
        "event_receipts": EventReceipt.objects.filter(**mine).values("event_id", "occurred_at", "received_at"),
        "redis_repairs": RedisRepair.objects.filter(**mine).values("recent"),
        "creator": Creator.objects.filter(id=user_id).values(),
        "videos": Video.objects.filter(creator_id=user_id).values(),
        "erasure": Erasure.objects.filter(person=person(user_id)).values(),
    }


def _from_clickhouse(table: str, columns: Sequence[str], user_id: str) -> Iterator[dict[str, Any]]:
    names = [column.split()[-1] for column in columns]
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE user_id = %(user)s"
    for row in clickhouse.stream(sql, {"user": user_id}, timeout=TIMEOUT):
        yield dict(zip(names, row, strict=True))


def _in_redis(user_id: str) -> dict[str, Any]:
    """Raises RedisError."""
    held: dict[str, Any] = {"recent": recent.held(user_id), "profile": profiles.held(user_id)}
    export_asked.send(sender=None, user_id=user_id, held=held)
    return held


def _joined(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    separator = b""
    for row in rows:
        yield separator + orjson.dumps(row)
        separator = b","
