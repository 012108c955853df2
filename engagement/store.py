"""Events in ClickHouse."""

import datetime as dt
import uuid
from collections.abc import Sequence

from engagement.events import Event
from nova.clients import clickhouse

TABLE = "engagement_event_log"
CONSUMERS = "nova-engagement"  # the Kafka consumer group that brings events here
KEPT = dt.timedelta(days=400)  # the TTL of 0001_events.sql
NO_VIDEO = uuid.UUID(int=0)


def insert(events: Sequence[Event]) -> None:
    """Returns when ClickHouse has them. Inserting an event again changes nothing. Raises ClickHouseError."""
    if not events:
        return
    clickhouse.insert(
        TABLE,
        {
            "event_id": [event.event_id for event in events],
            "user_id": [event.user_id for event in events],
            "video_id": [event.video_id or NO_VIDEO for event in events],
            "creator_id": [event.creator_id for event in events],
            "kind": [event.kind for event in events],
            "completion_percent": [event.completion_percent for event in events],
            "watch_ms": [event.watch_ms for event in events],
            "sound_id": [event.sound_id for event in events],
            "hashtags": [event.hashtags for event in events],
            "category": [event.category for event in events],
            # Milliseconds: the driver takes ten times as long over datetimes.
            "occurred_at": [round(event.occurred_at.timestamp() * 1000) for event in events],
        },
    )
