"""Likes, follows, blocks and "not interested": what a person holds or has taken back. The last change wins."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from engagement.models import Block, CreatorRelation, Follow, Like, NotInterested, Relation, VideoRelation

Target = uuid.UUID | str


@dataclass(frozen=True)
class Change:
    """What an event of some kind does to which relation."""

    model: type[VideoRelation] | type[CreatorRelation]
    is_active: bool


CHANGES: Mapping[str, Change] = {
    "like": Change(Like, True),
    "unlike": Change(Like, False),
    "not_interested": Change(NotInterested, True),
    "follow": Change(Follow, True),
    "unfollow": Change(Follow, False),
    "block": Change(Block, True),
    "unblock": Change(Block, False),
}
Entry = tuple[str, Target, bool, dt.datetime]  # user, video or creator, active, when

SET_ALL = """
INSERT INTO {table} (user_id, {target}, is_active, changed_at)
SELECT * FROM unnest(%s::text[], %s::{type}[], %s::boolean[], %s::timestamptz[]) AS new
ON CONFLICT (user_id, {target}) DO UPDATE SET is_active = EXCLUDED.is_active, changed_at = EXCLUDED.changed_at
WHERE {table}.changed_at < EXCLUDED.changed_at
"""
# A person's own tap: now, whatever clock an import was written by. Returns a row only when it changed something.
HOLD_ONE = """
INSERT INTO {table} AS known (user_id, {target}, is_active, changed_at) VALUES (%(user)s, %(target)s, true, now())
ON CONFLICT (user_id, {target}) DO UPDATE SET is_active = true, changed_at = greatest(now(), known.changed_at)
WHERE NOT known.is_active
RETURNING is_active
"""
TAKE_ONE_BACK = """
UPDATE {table} SET is_active = false, changed_at = greatest(now(), changed_at)
WHERE user_id = %(user)s AND {target} = %(target)s AND is_active
RETURNING is_active
"""


def set_one(model: type[Relation], user_id: str, target: Target, *, is_active: bool) -> bool:
    """Set one relation; True when that changed it. Taking back what was never held changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_for(model, HOLD_ONE if is_active else TAKE_ONE_BACK), {"user": user_id, "target": target})
        return cursor.fetchone() is not None


def set_all(model: type[Relation], entries: Iterable[Entry]) -> None:
    """Apply many dated changes, in any order and any number of times."""
    latest: dict[tuple[str, Target], Entry] = {}
    for entry in entries:
        known = latest.get(entry[:2])
        if known is None or known[3] < entry[3]:
            latest[entry[:2]] = entry
    if not latest:
        return
    rows = [latest[each] for each in sorted(latest, key=str)]  # one order for everybody: no deadlocks
    with connection.cursor() as cursor:
        cursor.execute(_for(model, SET_ALL), [list(column) for column in zip(*rows, strict=True)])


def _for(model: type[Relation], sql: str) -> str:
    target = _target(model)
    return sql.format(table=model._meta.db_table, target=target, type="uuid" if target == "video_id" else "text")


def _target(model: type[Relation]) -> str:
    return "video_id" if issubclass(model, VideoRelation) else "creator_id"
