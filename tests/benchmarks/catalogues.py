"""Catalogues of any size, made inside the engines: 1,000,000 videos and 10,000,000 events in some minutes.

Shaped like real ones where that matters for speed: the top tenth of the videos has some 60 % of the views, creators
have twenty videos each in the mean, most events are watches, half of them of the last week.
"""

from typing import Any

from django.db import connection

from nova.clients import clickhouse

PEOPLE = 100_000
SKEW = 4.3  # the share of views of the top tenth is 0.1 ** (1 / SKEW): 58 %
VIDEO_ID = "toUUID(UUIDNumToString(MD5(toString({number}))))"  # as md5(number)::uuid in PostgreSQL

CREATORS = """
INSERT INTO reels_creator (id, name) SELECT 'creator-' || n, 'Creator ' || n FROM generate_series(0, %(creators)s - 1) n
ON CONFLICT DO NOTHING
"""
VIDEOS = """
INSERT INTO reels_video
    (id, creator_id, title, description, hashtags, category, duration_seconds, created_at, is_published)
SELECT md5(n::text)::uuid, 'creator-' || (hashint4(n) & 2147483647) %% %(creators)s,
       'Video number ' || n || ' of the catalogue', '', ARRAY['tag' || n %% 997, 'tag' || n %% 89],
       'category-' || n %% 12, 7 + n %% 50,
       now() - interval '1 year' * power(((hashint4(n + 7) & 2147483647) %% 1000003) / 1000003.0, 2), true
FROM generate_series(%(from)s, %(to)s - 1) n
ON CONFLICT DO NOTHING
"""
COUNTERS = """
INSERT INTO engagement_videocounter (video_id, view_count, like_count, share_count, comment_count)
SELECT md5(n::text)::uuid, v, v / 50, v / 900, v / 400
FROM (SELECT n, (1000 * power((n + 1) / %(videos)s::float, -0.7) / 30)::bigint AS v
      FROM generate_series(%(from)s, %(to)s - 1) n) AS counted
ON CONFLICT DO NOTHING
"""
FOLLOWS = """
INSERT INTO engagement_follow (user_id, creator_id, is_active, changed_at)
SELECT 'person-' || p, 'creator-' || (hashint4(p * 31 + k) & 2147483647) %% %(creators)s, true,
       now() - interval '3 days'
FROM generate_series(0, %(people)s - 1) p, generate_series(1, 10) k
ON CONFLICT DO NOTHING
"""
EVENTS = """
INSERT INTO engagement_event_log (event_id, user_id, video_id, creator_id, kind, completion_percent, watch_ms, sound_id,
    hashtags, category, occurred_at)
SELECT generateUUIDv4(number), 'person-' || toString(rand(1) %% {people}), {video_id},
    'creator-' || toString(cityHash64(video) %% {creators}),
    multiIf(rand(2) %% 1000 < 17, 'like', rand(2) %% 1000 < 20, 'share', 'watch') AS kind,
    if(kind = 'watch', rand(3) %% 101, NULL), if(kind = 'watch', rand(4) %% 50000, NULL),
    'sound-' || toString(video %% 5000), ['tag' || toString(video %% 997), 'tag' || toString(video %% 89)],
    'category-' || toString(video %% 12), now64(3) - toIntervalSecond(2592000 * (rand(5) / 4294967296))
FROM (
    SELECT number, toUInt64(floor(pow(rand(6) / 4294967296, {skew}) * {videos})) AS video
    FROM numbers(%(from)s, %(count)s)
)
"""
STEP = 250_000


def fill(videos: int, *, already: int = 0) -> None:
    """Videos `already` to `videos` into PostgreSQL, with creators and counters."""
    numbers = {"creators": max(1, videos // 20), "videos": videos}
    _postgres(CREATORS, numbers)
    for start in range(already, videos, STEP):
        part = numbers | {"from": start, "to": min(videos, start + STEP)}
        _postgres(VIDEOS, part)
        _postgres(COUNTERS, part)
    _postgres(FOLLOWS, numbers | {"people": 2_000})
    _postgres("ANALYZE", {})


def watch(events: int, videos: int) -> None:
    """So many events of 30 days into ClickHouse, and all sums that hang on them."""
    sql = EVENTS.format(
        people=PEOPLE, creators=max(1, videos // 20), videos=videos, skew=SKEW, video_id=VIDEO_ID.format(number="video")
    )
    for start in range(0, events, STEP):
        clickhouse.run(sql, {"from": start, "count": min(STEP, events - start)}, timeout=120)


def _postgres(sql: str, parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
