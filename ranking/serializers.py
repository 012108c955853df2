"""Query parameters, and the shape of a page."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from engagement.serializers import VideoSerializer
from ranking.warming import DEFAULT_BATCH, DEFAULT_USERS, LARGEST_BATCH, MOST_USERS


class FeedQuerySerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=30, max_value=50, default=40)
    cursor = serializers.CharField(required=False, max_length=200, help_text="`next_cursor` of the page before.")
    explain = serializers.ChoiceField(["0", "1"], default="0", help_text="Staff: why each video is where it is.")


class RankedVideoSerializer(VideoSerializer):
    ranking_score = serializers.FloatField(min_value=0, max_value=1)
    explain = serializers.DictField(required=False)


@extend_schema_serializer(many=False)  # one page, although the action is called `list`
class FeedPageSerializer(serializers.Serializer[Any]):
    data = RankedVideoSerializer(many=True)  # type: ignore[assignment]  # the field's name, as documented
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)
    total_count = serializers.IntegerField(help_text="What this feed still holds in all.")


class WarmUpSerializer(serializers.Serializer[Any]):
    user_count = serializers.IntegerField(min_value=1, max_value=MOST_USERS, default=DEFAULT_USERS)
    batch_size = serializers.IntegerField(min_value=1, max_value=LARGEST_BATCH, default=DEFAULT_BATCH)


class WarmUpReportSerializer(serializers.Serializer[Any]):
    task_id = serializers.UUIDField()
    state = serializers.ChoiceField(["queued", "running", "done", "failed"])
    done = serializers.IntegerField(help_text="People looked at so far.")
    total = serializers.IntegerField()
    built = serializers.IntegerField(help_text="Feeds built, when it is done: those being built elsewhere are not.")
    error = serializers.CharField(allow_null=True)
    updated_at = serializers.DateTimeField()
