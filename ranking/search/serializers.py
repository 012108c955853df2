"""Query parameters, and the shape of a page."""

import datetime as dt
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from engagement.serializers import VideoSerializer
from ranking.search.pages import Wanted
from ranking.search.retrieval import Filters

LONGEST_QUERY = 200  # characters, with spaces folded
LONGEST_ID = 64
DAY = 86_400.0  # seconds


class QueryField(serializers.CharField):
    """Runs of space are one space."""

    def to_internal_value(self, data: Any) -> str:
        return " ".join(super().to_internal_value(data).split())


@extend_schema_field({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]})
class MomentField(serializers.CharField):
    """An ISO 8601 date or time, as seconds since 1970 and how long it lasts. Without an offset it is UTC."""

    default_error_messages = {"not_iso": "This is neither an ISO 8601 date nor a date-time."}

    def to_internal_value(self, data: Any) -> tuple[float, float]:  # type: ignore[override]
        text = super().to_internal_value(data)
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            self.fail("not_iso")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return moment.timestamp(), DAY if _is_date(text) else 0.0

    def run_validators(self, value: Any) -> None:
        """Those of strings have looked at it already."""


class SearchQuerySerializer(serializers.Serializer[Any]):
    q = QueryField(max_length=LONGEST_QUERY, help_text="Words, and `#tag` for hashtags alone.")
    creator_id = serializers.CharField(required=False, max_length=LONGEST_ID)
    category = serializers.CharField(required=False, max_length=LONGEST_ID)
    date_from = MomentField(required=False, help_text="Made at or after it.")
    date_to = MomentField(required=False, help_text="Made at or before it; a date includes its day.")
    limit = serializers.IntegerField(min_value=1, max_value=50, default=50)
    cursor = serializers.CharField(required=False, max_length=200, help_text="`next_cursor` of the page before.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "date_from" in attrs and "date_to" in attrs and attrs["date_from"][0] > attrs["date_to"][0]:
            raise serializers.ValidationError({"date_to": "This is before `date_from`."})
        return attrs

    def wanted(self) -> Wanted:
        data = self.validated_data
        filters = Filters(data.get("creator_id"), data.get("category"), _first(data), _end(data))
        return Wanted(data["q"], filters, data["limit"])


class FoundVideoSerializer(VideoSerializer):
    relevance = serializers.FloatField(
        min_value=0, max_value=1, help_text="From 2/3: has all words; from 1/3: all once corrected; below: some."
    )


@extend_schema_serializer(many=False)  # one page, although the action is called `list`
class SearchPageSerializer(serializers.Serializer[Any]):
    data = FoundVideoSerializer(many=True)  # type: ignore[assignment]  # the field's name, as documented
    has_more = serializers.BooleanField()
    next_cursor = serializers.CharField(allow_null=True)
    did_you_mean = serializers.CharField(allow_null=True, help_text="The query as it was corrected.")


def _is_date(text: str) -> bool:
    return "T" not in text and " " not in text.strip() and ":" not in text


def _first(data: dict[str, Any]) -> float | None:
    return data["date_from"][0] if "date_from" in data else None


def _end(data: dict[str, Any]) -> float | None:
    """Exclusive: of a date the day after it, of a time the next second."""
    if "date_to" not in data:
        return None
    start, lasts = data["date_to"]
    return start + (lasts or 1.0)
