"""Bodies that come in, and the shapes of what goes out."""

import math
import uuid
from typing import Any

from rest_framework import serializers

from engagement.watching import LONGEST_EVENT_ID, LONGEST_WATCH_MS, MOST_EVENTS, Watch

DESTINATIONS = ["message", "story", "copy_link", "external"]


class AnyField(serializers.Field[Any, Any, Any, Any]):
    """Whatever JSON holds, unlooked-at."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class EventIdField(serializers.CharField):
    def __init__(self) -> None:
        text = "Your own id; a retry counts once."
        super().__init__(required=False, allow_null=True, max_length=LONGEST_EVENT_ID, help_text=text)


class FiniteFloatField(serializers.FloatField):
    """A finite number; `true` is none, although Python counts it as 1."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not math.isfinite(value := super().to_internal_value(data)):
            self.fail("invalid")
        return value


class StrictBooleanField(serializers.BooleanField):
    """`true` or `false`, and nothing that could be meant by it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WatchSerializer(serializers.Serializer[Any]):
    completion_percent = FiniteFloatField(min_value=0, max_value=100)
    watch_ms = serializers.IntegerField(min_value=0, max_value=LONGEST_WATCH_MS, required=False, allow_null=True)
    event_id = EventIdField()
    occurred_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="From 30 days ago to 5 minutes ahead; now when absent."
    )

    def to_watch(self, video_id: uuid.UUID) -> Watch:
        data = self.validated_data
        return Watch(
            video_id=video_id,
            completion_percent=data["completion_percent"],
            watch_ms=data.get("watch_ms"),
            event_id=data.get("event_id") or "",
            occurred_at=data.get("occurred_at"),
        )


class BatchedWatchSerializer(WatchSerializer):
    video_id = serializers.CharField(max_length=64)


class WatchBatchSerializer(serializers.Serializer[Any]):
    """Only the envelope: each event is judged by itself, so that good ones are kept when others are bad."""

    events = serializers.ListField(child=AnyField(allow_null=True), min_length=1, max_length=MOST_EVENTS)


class WatchBatchSchemaSerializer(serializers.Serializer[Any]):
    events = BatchedWatchSerializer(many=True)


class ShareSerializer(serializers.Serializer[Any]):
    destination = serializers.ChoiceField(DESTINATIONS, required=False, allow_null=True)
    event_id = EventIdField()


class RejectedSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()


class AcceptedSerializer(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    rejected = RejectedSerializer(many=True)


class LikeStateSerializer(serializers.Serializer[Any]):
    video_id = serializers.UUIDField()
    liked = serializers.BooleanField()
    like_count = serializers.IntegerField()


class ShareCountSerializer(serializers.Serializer[Any]):
    video_id = serializers.UUIDField()
    share_count = serializers.IntegerField()


class PreferencesSerializer(serializers.Serializer[Any]):
    personalized = StrictBooleanField(help_text="Whether the feed may use what is known of the person.")


class ErasureSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["active", "erasing", "erased"])
    requested_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class SoundSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class VideoSerializer(serializers.Serializer[Any]):
    """A video, with what everybody and the caller did to it."""  # answers are assembled in `presenting`

    id = serializers.UUIDField()
    title = serializers.CharField()
    creator_id = serializers.CharField()
    duration_seconds = serializers.FloatField(allow_null=True)
    hashtags = serializers.ListField(child=serializers.CharField())
    sound = SoundSerializer(allow_null=True)
    category = serializers.CharField(allow_null=True)
    view_count = serializers.IntegerField()
    like_count = serializers.IntegerField()
    share_count = serializers.IntegerField()
    comment_count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    stream_url = serializers.URLField(allow_null=True, help_text="Null until the video has been processed.")
    thumbnail_url = serializers.URLField(allow_null=True, help_text="Null until the video has been processed.")
    liked = serializers.BooleanField()
