"""What was done elsewhere: comments and follows that another service took. Telling of them again changes nothing."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from engagement import outbox, relations, store
from engagement.comments import CommentMade, insert
from engagement.events import Event, derived_id
from engagement.models import Follow
from engagement.showing import show
from reels.models import Video


class FollowChanged(NamedTuple):
    user_id: str
    creator_id: str
    is_active: bool
    occurred_at: dt.datetime


# Locked, so that two changes of one follow are compared one after the other.
KNOWN_FOLLOWS = """
SELECT user_id, creator_id, is_active, changed_at FROM engagement_follow
JOIN unnest(%s::text[], %s::text[]) AS given(user_id, creator_id) USING (user_id, creator_id)
ORDER BY user_id, creator_id FOR UPDATE OF engagement_follow
"""


def videos(video_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Video]:
    """Those that are known, published or not: a comment on a video that was taken out later was made all the same."""
    return Video.objects.in_bulk(list(video_ids))


def add_comments(*, comments: Sequence[CommentMade], on: Mapping[uuid.UUID, Video]) -> int:
    """Record comments; returns how many were new. `on` holds their videos."""
    if not comments:
        return 0
    with transaction.atomic():
        new = insert(comments)
        events = [_comment_event(each, on[each.video_id]) for each in comments if each.id in new]
        _tell(events)
    return len(events)


def change_follows(*, changes: Sequence[FollowChanged]) -> int:
    """Follow, or take a follow back; of two changes the later one holds. Returns how many changed something."""
    if not changes:
        return 0
    with transaction.atomic():
        effective = _effective(changes)
        relations.set_all(
            Follow, [(each.user_id, each.creator_id, each.is_active, each.occurred_at) for each in changes]
        )
        oldest = timezone.now() - store.KEPT  # of older ones only the state is taken, as everywhere
        _tell([_follow_event(each) for each in effective if each.occurred_at > oldest])
    return len(effective)


def _effective(changes: Sequence[FollowChanged]) -> list[FollowChanged]:
    """The last change of each follow, where it is newer than what is known and says something else."""
    last: dict[tuple[str, str], FollowChanged] = {}
    for each in sorted(changes, key=lambda change: change.occurred_at):
        last[each.user_id, each.creator_id] = each
    with connection.cursor() as cursor:
        cursor.execute(KNOWN_FOLLOWS, [list(column) for column in zip(*last, strict=True)])
        known = {row[:2]: row[2:] for row in cursor.fetchall()}
    never = (False, dt.datetime.min.replace(tzinfo=dt.UTC))
    return [
        change
        for pair, change in last.items()
        for is_active, changed_at in [known.get(pair, never)]
        if change.is_active != is_active and change.occurred_at > changed_at
    ]


def _tell(events: Sequence[Event]) -> None:
    """Into the outbox, and after the commit into view: comments and follows change what a person's feed holds."""
    outbox.write(events)
    by_person: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_person[event.user_id].append(event)

    def show_all() -> None:
        for user_id, theirs in by_person.items():
            show(user_id, theirs, notes={}, taste=True)

    transaction.on_commit(show_all)


def _comment_event(comment: CommentMade, video: Video) -> Event:
    return Event(
        event_id=comment.id,
        kind="comment",
        user_id=comment.user_id,
        occurred_at=comment.created_at,
        video_id=video.id,
        creator_id=video.creator_id,
        sound_id=video.sound_id or "",
        hashtags=tuple(video.hashtags),
        category=video.category,
    )


def _follow_event(change: FollowChanged) -> Event:
    kind = "follow" if change.is_active else "unfollow"
    identity = derived_id(change.user_id, change.creator_id, kind, change.occurred_at)
    return Event(identity, kind, change.user_id, change.occurred_at, creator_id=change.creator_id)
