"""What ranking has to know of people, however many: one query to PostgreSQL and one to ClickHouse."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from engagement import profiles, recent
from engagement.profiles import History
from engagement.recent import Recent
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from nova.database import arrays

log = structlog.get_logger(__name__)

# Likes and comments come from PostgreSQL, not from ClickHouse's copy: a like must count in the very next feed.
STATE = """
SELECT l.user_id, 'liked', v.creator_id, count(*)::float8 FROM engagement_like l JOIN reels_video v ON v.id = l.video_id
    WHERE l.user_id = ANY(%(users)s) AND l.is_active AND l.changed_at > now() - interval '90 days'
    GROUP BY l.user_id, v.creator_id
UNION ALL SELECT c.user_id, 'commented', v.creator_id, count(*)
    FROM engagement_comment c JOIN reels_video v ON v.id = c.video_id
    WHERE c.user_id = ANY(%(users)s) AND c.created_at > now() - interval '90 days' GROUP BY c.user_id, v.creator_id
UNION ALL SELECT user_id, 'followed', creator_id, 1 FROM engagement_follow WHERE user_id = ANY(%(users)s) AND is_active
UNION ALL SELECT user_id, 'blocked', creator_id, 1 FROM engagement_block WHERE user_id = ANY(%(users)s) AND is_active
UNION ALL SELECT user_id, 'not_interested', encode(uuid_send(video_id), 'hex'), 1 FROM engagement_notinterested
    WHERE user_id = ANY(%(users)s) AND is_active
UNION ALL SELECT n.user_id, 'disliked', v.creator_id, count(*)
    FROM engagement_notinterested n JOIN reels_video v ON v.id = n.video_id
    WHERE n.user_id = ANY(%(users)s) AND n.is_active AND n.changed_at > now() - interval '90 days'
    GROUP BY n.user_id, v.creator_id
UNION ALL SELECT user_id, 'unpersonalized', '', 1 FROM engagement_preferences
    WHERE user_id = ANY(%(users)s) AND NOT personalized
UNION ALL SELECT user_id, 'seen', encode(uuid_send(video_id), 'hex'), 1 FROM engagement_outboxevent
    WHERE user_id = ANY(%(users)s) AND kind = 'watch'  -- not in ClickHouse yet
"""
LIKES = """
SELECT user_id, video_id FROM engagement_like WHERE user_id = ANY(%s) AND video_id = ANY(%s::uuid[]) AND is_active
"""
PAST = """
SELECT user_id, video_id FROM user_watch_history_realtime
WHERE user_id IN %(users)s AND watched_at > now() - INTERVAL 30 DAY
"""


def of(user_id: str, noted: Recent) -> History:
    """What the engines know of a person; of one that is away, what is remembered of the last time."""
    return of_many({user_id: noted})[user_id]


def of_many(noted: Mapping[str, Recent]) -> dict[str, History]:
    """The same for many people at once, in as many queries as for one. `noted`: what they did lately."""
    histories = {user_id: History() for user_id in noted}
    try:
        _add_state(histories)
    except (OperationalError, InterfaceError) as error:
        log.warning("history_incomplete", error=type(error).__name__)
        return {user_id: profiles.remembered(user_id, each.watched) for user_id, each in noted.items()}
    personal = {user_id: history for user_id, history in histories.items() if history.personalized}
    try:
        _add_past(personal)
    except ClickHouseError as error:
        log.warning("history_incomplete", error=str(error))
        for user_id, history in personal.items():
            profiles.add_past(user_id, history)
    for user_id, history in personal.items():
        history.seen |= noted[user_id].watched
    return {user_id: history if history.personalized else _anonymous(history) for user_id, history in histories.items()}


def liked_among(user_id: str, video_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these videos the person likes."""
    return {uuid.UUID(bytes=each) for _, each in likes_among([user_id], [video_id.bytes for video_id in video_ids])}


def liked_as_far_as_known(user_id: str, video_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """The same; while PostgreSQL is away, what the last hours tell."""
    try:
        return liked_among(user_id, video_ids)
    except DatabaseError as error:
        log.warning("likes_unknown", error=type(error).__name__)
        noted = recent.read(user_id).liked
        return {video_id for video_id in video_ids if noted.get(video_id.bytes)}


def likes_among(user_ids: Sequence[str], videos: Collection[bytes]) -> list[tuple[str, bytes]]:
    """Who of these people likes which of these videos, given and told by the 16 bytes of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(LIKES, [list(user_ids), arrays.uuids(videos)])
        return [(user_id, video_id.bytes) for user_id, video_id in cursor.fetchall()]


def _anonymous(history: History) -> History:
    return History(blocked=history.blocked, personalized=False)


def _add_state(histories: Mapping[str, History]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STATE, {"users": list(histories)})
        for user_id, kind, target, number in cursor.fetchall():
            _add(histories[user_id], kind, target, number)


def _add(history: History, kind: str, target: str, number: float) -> None:
    if kind in {"seen", "not_interested"}:
        getattr(history, kind).add(bytes.fromhex(target))
    elif kind in {"followed", "blocked"}:
        getattr(history, kind).add(target)
    elif kind == "unpersonalized":
        history.personalized = False
    else:
        getattr(history, kind)[target] = number


def _add_past(histories: Mapping[str, History]) -> None:
    if not histories:
        return
    for user_id, video_id in clickhouse.select(PAST, {"users": list(histories)}):
        histories[user_id].seen.add(video_id.bytes)
