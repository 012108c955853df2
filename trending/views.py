"""`/reels/trending-…` and `/discover/creators`."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nova.api.views import NovaViewSet
from trending import serializers as shapes
from trending import serving
from trending.kinds import HASHTAG, SOUND, Kind
from trending.lists import RISING


class TrendingViewSet(NovaViewSet):
    """What trends, the same for everybody; made anew every five minutes."""

    @extend_schema(
        tags=["reels"], parameters=[shapes.TrendingQuerySerializer], responses=shapes.TrendingSoundsSerializer
    )
    @action(detail=False, url_path="trending-sounds")
    def sounds(self, request: Request) -> Response:
        """The sounds of the last 24 hours. An unknown category has an empty list."""
        wanted, answer = _trending(SOUND, request)
        rows = [
            {"id": each["item"], "name": each["name"], "usage_count": each["count"], "rank": rank}
            | _common(each, wanted)
            for rank, each in enumerate(answer["entries"], start=1)
        ]
        return Response({"sounds": rows, "window": "24h", "generated_at": answer["generated_at"]})

    @extend_schema(
        tags=["reels"], parameters=[shapes.TrendingQuerySerializer], responses=shapes.TrendingHashtagsSerializer
    )
    @action(detail=False, url_path="trending-hashtags")
    def hashtags(self, request: Request) -> Response:
        """The hashtags of the last 24 hours. An unknown category has an empty list."""
        wanted, answer = _trending(HASHTAG, request)
        rows = [
            {"hashtag": each["item"], "post_count": each["count"], "trend_rank": rank} | _common(each, wanted)
            for rank, each in enumerate(answer["entries"], start=1)
        ]
        return Response({"hashtags": rows, "window": "24h", "generated_at": answer["generated_at"]})


class DiscoverViewSet(NovaViewSet):
    """Whom one does not know yet."""

    @extend_schema(tags=["creators"], parameters=[shapes.DiscoverQuerySerializer], responses=shapes.DiscoverSerializer)
    @action(detail=False)
    def creators(self, request: Request) -> Response:
        """Creators whose following grows fastest, without those the caller follows or blocked."""
        query = shapes.DiscoverQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        found = serving.discover(self.user.id, limit=query.validated_data["limit"])
        return Response({"creators": [_creator(each) for each in found]})


def _trending(kind: Kind, request: Request) -> tuple[dict[str, Any], serving.Answer]:
    query = shapes.TrendingQuerySerializer(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    wanted = query.validated_data
    return wanted, serving.trending(kind, category=wanted["category"], sort=wanted["sort"], limit=wanted["limit"])


def _common(entry: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    score = {"trend_score": entry["score"]} if wanted["sort"] == RISING else {}
    return {"change": entry["change"], **score, "video_samples": entry["videos"]}


def _creator(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "videos"} | {"preview_videos": entry["videos"]}
