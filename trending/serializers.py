"""Query parameters, and the shapes of what goes out."""

from typing import Any

from rest_framework import serializers

from trending.lists import RISING, USAGE

SCORE = "With `sort=rising`: standard deviations above what its own past led to expect."
CHANGE = "Ranks by use climbed since the 24 hours before; null for what nobody used then."


class TrendingQuerySerializer(serializers.Serializer[Any]):
    category = serializers.CharField(
        default="", allow_blank=True, max_length=64, trim_whitespace=False, help_text="Only videos of this category."
    )
    limit = serializers.IntegerField(min_value=1, max_value=100, default=100)
    sort = serializers.ChoiceField(
        [USAGE, RISING], default=USAGE, help_text="`usage`: used by most videos. `rising`: more than its own past."
    )


class DiscoverQuerySerializer(serializers.Serializer[Any]):
    limit = serializers.IntegerField(min_value=1, max_value=50, default=20)


class SampleSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField()
    creator_id = serializers.CharField()
    thumbnail_url = serializers.URLField(allow_null=True)


class TrendingSoundSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    usage_count = serializers.IntegerField(help_text="Videos with it that people engaged with in the window.")
    rank = serializers.IntegerField(help_text="Place in this list, pins included.")
    change = serializers.IntegerField(allow_null=True, help_text=CHANGE)
    trend_score = serializers.FloatField(required=False, help_text=SCORE)
    video_samples = SampleSerializer(many=True)


class TrendingHashtagSerializer(serializers.Serializer[Any]):
    hashtag = serializers.CharField()
    post_count = serializers.IntegerField(help_text="Videos with it that people engaged with in the window.")
    trend_rank = serializers.IntegerField(help_text="Place in this list, pins included.")
    change = serializers.IntegerField(allow_null=True, help_text=CHANGE)
    trend_score = serializers.FloatField(required=False, help_text=SCORE)
    video_samples = SampleSerializer(many=True)


class TrendingSoundsSerializer(serializers.Serializer[Any]):
    sounds = TrendingSoundSerializer(many=True)
    window = serializers.ChoiceField(["24h"])
    generated_at = serializers.DateTimeField()


class TrendingHashtagsSerializer(serializers.Serializer[Any]):
    hashtags = TrendingHashtagSerializer(many=True)
    window = serializers.ChoiceField(["24h"])
    generated_at = serializers.DateTimeField()


class GrowingCreatorSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    follower_count = serializers.IntegerField()
    growth_24h = serializers.IntegerField(help_text="Followers won less followers lost.")
    growth_rate = serializers.FloatField(help_text="`growth_24h` as a share of the followers before, of one at least.")
    preview_videos = SampleSerializer(many=True)


class DiscoverSerializer(serializers.Serializer[Any]):
    creators = GrowingCreatorSerializer(many=True)
