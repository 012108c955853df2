"""Counters of a video: what everybody sees within a second.

PostgreSQL holds the truth: `VideoCounter` has what was delivered, the outbox what was not yet. Redis holds copies under
`video:{id}:{type}`, moved by each event and set right again whenever the relay has delivered a video's events.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from engagement.events import Event
from nova.clients import redis
from nova.clients.redis_script import Script
from reels import changes

TYPES = ("view", "like", "share", "comment")


@dataclass(frozen=True)
class Counts:
    view: int = 0
    like: int = 0
    share: int = 0
    comment: int = 0


TOTALS = """
SELECT asked.id,
       coalesce(c.view_count, 0) + coalesce(p.view_count, 0),
       coalesce(c.like_count, 0) + coalesce(p.like_count, 0),
       coalesce(c.share_count, 0) + coalesce(p.share_count, 0),
       coalesce(c.comment_count, 0) + coalesce(p.comment_count, 0)
FROM unnest(%(ids)s::uuid[]) AS asked(id)
LEFT JOIN engagement_videocounter c ON c.video_id = asked.id
LEFT JOIN (
    SELECT video_id,
           count(*) FILTER (WHERE kind = 'watch' AND CASE jsonb_typeof(payload->'watch_ms')
               WHEN 'number' THEN (payload->>'watch_ms')::numeric >= 1000 ELSE true END) AS view_count,
           count(*) FILTER (WHERE kind = 'like') - count(*) FILTER (WHERE kind = 'unlike') AS like_count,
           count(*) FILTER (WHERE kind = 'share') AS share_count,
           count(*) FILTER (WHERE kind = 'comment') AS comment_count
    FROM engagement_outboxevent WHERE video_id = ANY(%(ids)s::uuid[]) GROUP BY video_id
) p ON p.video_id = asked.id
"""
# In one order for everybody, so that two relays never wait for each other; a video deleted meanwhile is passed over.
ADD = """
INSERT INTO engagement_videocounter AS known (video_id, view_count, like_count, share_count, comment_count)
SELECT new.* FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    AS new(video_id, view_count, like_count, share_count, comment_count)
JOIN reels_video ON reels_video.id = new.video_id
ORDER BY new.video_id
ON CONFLICT (video_id) DO UPDATE SET
    view_count = known.view_count + EXCLUDED.view_count,
    like_count = known.like_count + EXCLUDED.like_count,
    share_count = known.share_count + EXCLUDED.share_count,
    comment_count = known.comment_count + EXCLUDED.comment_count
"""
# A counter that is not in Redis is left out: whoever reads it next takes the whole sum from PostgreSQL.
MOVE = """
for i = 1, #KEYS - 1 do
    if redis.call('EXISTS', KEYS[i]) == 1 then redis.call('INCRBY', KEYS[i], ARGV[i]) end
end
redis.call('XADD', KEYS[#KEYS], 'MAXLEN', '~', ARGV[#ARGV], '*', 'ids', ARGV[#KEYS])
"""
_move = Script(MOVE)


def key(video_id: uuid.UUID, kind: str) -> str:
    return f"video:{video_id}:{kind}"


def read(video_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    """Counts of each video, from Redis and, where they are missing there, PostgreSQL."""
    found = _from_redis(video_ids)
    missing = [video_id for video_id in video_ids if video_id not in found]
    if missing:
        summed = totals(missing)
        with redis.fail_open("write_counters"):
            _write(summed, replace=False)
        found |= summed
    return found


def totals(video_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    """The truth, from PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(TOTALS, {"ids": list(video_ids)})
        return {row[0]: Counts(*row[1:]) for row in cursor.fetchall()}


def move(events: Iterable[Event]) -> bool:
    """Show events that were just committed; whether Redis took it."""
    steps = {(video_id, kind): step for video_id, by_kind in _steps(events).items() for kind, step in by_kind.items()}
    if not steps:
        return True
    with redis.fail_open("move_counters"):
        changed = changes.packed(video_id for video_id, _ in steps)
        _move([*(key(*each) for each in steps), changes.KEY], [*steps.values(), changed, changes.LONGEST])
        return True
    return False


def publish(video_ids: Iterable[uuid.UUID]) -> None:
    """Set the copies in Redis to the truth. Raises RedisError."""
    _write(totals(video_ids), replace=True)


def add_delivered(events: Iterable[Event]) -> None:
    """Add events to the totals, in the transaction that takes them out of the outbox."""
    steps = _steps(events)
    if steps:
        columns = [[by_kind[kind] for by_kind in steps.values()] for kind in TYPES]
        with connection.cursor() as cursor:
            cursor.execute(ADD, [list(steps), *columns])


def _steps(events: Iterable[Event]) -> dict[uuid.UUID, Counter[str]]:
    """By how much each counter of each video moves."""
    steps: dict[uuid.UUID, Counter[str]] = {}
    for event in events:
        kind, step = _step(event)
        if kind and event.video_id:
            steps.setdefault(event.video_id, Counter())[kind] += step
    return steps


def _step(event: Event) -> tuple[str, int]:
    if event.kind == "watch":
        return ("view", 1) if event.is_view else ("", 0)
    if event.kind == "unlike":
        return "like", -1
    return (event.kind, 1) if event.kind in TYPES else ("", 0)


def _from_redis(video_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Counts]:
    if not video_ids:
        return {}
    with redis.fail_open("read_counters"):
        values = redis.connection().mget([key(video_id, kind) for video_id in video_ids for kind in TYPES])
        by_video = zip(video_ids, zip(*[iter(values)] * len(TYPES), strict=True), strict=True)
        return {video_id: Counts(*map(int, four)) for video_id, four in by_video if None not in four}
    return {}


def _write(counts: dict[uuid.UUID, Counts], *, replace: bool) -> None:
    """Without `replace`, a value somebody else wrote meanwhile stays: two rebuilds at once must not add up."""
    pipeline = redis.connection().pipeline(transaction=False)
    for video_id, each in counts.items():
        for kind in TYPES:
            pipeline.set(key(video_id, kind), getattr(each, kind), nx=not replace)
    if replace:
        changes.note(pipeline, counts)
    pipeline.execute()
