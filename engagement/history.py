"""What ranking has to know of a person: one query to PostgreSQL, one to ClickHouse, one to Redis."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.db import connection

from engagement import recent
from engagement.models import Like
from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError

log = structlog.get_logger(__name__)
COMMENT_WEIGHT = 0.5


@dataclass
class History:
    """`interactions`: likes + 0.5 × comments of 90 days by creator. `seen`: videos watched in 30 days. `disliked`: how
    many videos of a creator were not wanted in 90 days. Without personalisation `blocked` is all there is."""

    interactions: dict[str, float] = field(default_factory=dict)
    seen: set[uuid.UUID] = field(default_factory=set)
    not_interested: set[uuid.UUID] = field(default_factory=set)
    followed: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    disliked: dict[str, int] = field(default_factory=dict)
    personalized: bool = True


# Likes come from PostgreSQL, not from ClickHouse's copy: a like must count in the very next feed.
STATE = """
SELECT 'like', v.creator_id, count(*)::float8 FROM engagement_like l JOIN reels_video v ON v.id = l.video_id
    WHERE l.user_id = %(user)s AND l.is_active AND l.changed_at > now() - interval '90 days' GROUP BY v.creator_id
UNION ALL SELECT 'follow', creator_id, 1 FROM engagement_follow WHERE user_id = %(user)s AND is_active
UNION ALL SELECT 'block', creator_id, 1 FROM engagement_block WHERE user_id = %(user)s AND is_active
UNION ALL SELECT 'not_interested', video_id::text, 1 FROM engagement_notinterested
    WHERE user_id = %(user)s AND is_active
UNION ALL SELECT 'disliked', v.creator_id, count(*)
    FROM engagement_notinterested n JOIN reels_video v ON v.id = n.video_id
    WHERE n.user_id = %(user)s AND n.is_active AND n.changed_at > now() - interval '90 days' GROUP BY v.creator_id
UNION ALL SELECT 'unpersonalized', '', 1 FROM engagement_preferences WHERE user_id = %(user)s AND NOT personalized
UNION ALL SELECT 'seen', video_id::text, 1 FROM engagement_outboxevent
    WHERE user_id = %(user)s AND kind = 'watch'  -- not in ClickHouse yet
"""
PAST = """
SELECT video_id, '' AS creator_id, 0 AS comment_count FROM user_watch_history_realtime
    WHERE user_id = %(user)s AND watched_at > now() - INTERVAL 30 DAY
UNION ALL
SELECT toUUID('00000000-0000-0000-0000-000000000000'), creator_id, comment_count FROM user_author_90d
    WHERE user_id = %(user)s AND comment_count > 0
"""


def of(user_id: str) -> History:
    """Without ClickHouse only what the last hours and PostgreSQL tell."""
    history = History()
    _add_state(history, user_id)
    if not history.personalized:
        return History(blocked=history.blocked, personalized=False)
    history.seen |= recent.read(user_id).watched
    try:
        _add_past(history, user_id)
    except ClickHouseError as error:
        log.warning("history_incomplete", error=str(error))
    return history


def liked_among(user_id: str, video_ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these videos the person likes."""
    likes = Like.objects.filter(user_id=user_id, video_id__in=list(video_ids), is_active=True)
    return set(likes.values_list("video_id", flat=True))


def _add_state(history: History, user_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(STATE, {"user": user_id})
        for kind, target, number in cursor.fetchall():
            if kind == "like":
                history.interactions[target] = number
            elif kind == "follow":
                history.followed.add(target)
            elif kind == "block":
                history.blocked.add(target)
            elif kind == "disliked":
                history.disliked[target] = int(number)
            elif kind == "unpersonalized":
                history.personalized = False
            else:
                getattr(history, kind).add(uuid.UUID(target))


def _add_past(history: History, user_id: str) -> None:
    for video_id, creator_id, comments in clickhouse.select(PAST, {"user": user_id}):
        if creator_id:
            history.interactions[creator_id] = history.interactions.get(creator_id, 0) + COMMENT_WEIGHT * comments
        else:
            history.seen.add(video_id)
