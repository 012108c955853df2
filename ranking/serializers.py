"""Query parameters, and the shape of a page."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from engagement.serializers import VideoSerializer


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
