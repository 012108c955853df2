"""A video as the API shows it: its card, what everybody did to it, and what the viewer thinks of it."""

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from engagement import counters
from reels import cards


def videos(video_ids: Sequence[uuid.UUID], *, liked: Collection[uuid.UUID]) -> list[dict[str, Any]]:
    """In the order given, without those that do not exist or are not published."""
    known = cards.load(video_ids)
    present = [video_id for video_id in video_ids if video_id in known]
    counts = counters.read(present)
    return [_video(known[video_id], counts[video_id], video_id in liked) for video_id in present]


def _video(card: cards.Card, counts: counters.Counts, liked: bool) -> dict[str, Any]:
    return card | {
        "view_count": counts.view,
        "like_count": counts.like,
        "share_count": counts.share,
        "comment_count": counts.comment,
        "liked": liked,
    }
