"""The popularity that the index knows is that of when a video was indexed, so the most viewed are indexed again."""

import uuid

from ranking.candidates import POPULAR
from ranking.engine import ids
from ranking.publishing import tables
from reels import index_queue


def index_again() -> int:
    """Have the popular videos of the signal table indexed anew; returns how many."""
    table = tables.get()
    popular = (table.sources & POPULAR) > 0
    video_ids: list[uuid.UUID] = ids.ids_to_uuids(table.candidates.video_id[popular])
    index_queue.note(video_ids)
    return len(video_ids)
