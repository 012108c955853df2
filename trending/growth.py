"""Creators by how fast their following grows: the common list, the same for everybody."""

import datetime as dt
from typing import Any

import numpy as np
from django.db import connection

from reels.models import Creator
from trending import scoring

LISTED = 500
CONSIDERED = 5_000  # of those who gained, those who gained most
PREVIEWS = 5  # more than are shown: some may be unpublished by then

# A row of a follow holds its last change. Somebody who followed and left within the day counts as one who left.
GAINED = """
SELECT creator_id, sum(CASE WHEN is_active THEN 1 ELSE -1 END) AS gained
FROM engagement_follow WHERE changed_at > %(since)s AND changed_at <= %(now)s
GROUP BY creator_id HAVING sum(CASE WHEN is_active THEN 1 ELSE -1 END) > 0
ORDER BY gained DESC, creator_id LIMIT %(most)s
"""
FOLLOWERS = """
SELECT creator_id, count(*) FROM engagement_follow WHERE creator_id = ANY(%s) AND is_active GROUP BY creator_id
"""
NEWEST = """
SELECT creator.id, array(
    SELECT id::text FROM reels_video
    WHERE creator_id = creator.id AND is_published ORDER BY created_at DESC, id LIMIT %s
) FROM unnest(%s::text[]) AS creator(id)
"""


def build(now: dt.datetime) -> dict[str, Any]:
    """Who grew in the 24 hours before `now`, fastest first, and has published. Raises DatabaseError."""
    gained = dict(_rows(GAINED, {"since": now - dt.timedelta(hours=24), "now": now, "most": CONSIDERED}))
    followers = dict(_rows(FOLLOWERS, [list(gained)]))
    best = _best(gained, followers)
    videos = dict(_rows(NEWEST, [PREVIEWS, best]))
    names = dict(Creator.objects.filter(id__in=best).exclude(name="").values_list("id", "name"))
    return {
        "generated_at": now.isoformat(timespec="seconds"),
        "creators": [
            _entry(creator, names.get(creator, creator), followers.get(creator, 0), gained[creator], videos[creator])
            for creator in best
            if videos[creator]
        ],
    }


def _best(gained: dict[str, int], followers: dict[str, int]) -> list[str]:
    ids = list(gained)
    now = np.array([followers.get(each, 0) for each in ids], np.float64)
    scores = scoring.growth(now, np.array(list(gained.values()), np.float64))
    return [ids[row] for row in np.lexsort((np.array(ids, object), -scores))[:LISTED]]


def _entry(creator_id: str, name: str, followers: int, gained: int, videos: list[str]) -> dict[str, Any]:
    return {
        "id": creator_id,
        "name": name,
        "follower_count": followers,
        "growth_24h": gained,
        "growth_rate": round(gained / max(1, followers - gained), 4),
        "videos": videos,
    }


def _rows(sql: str, parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()
