"""`GET /reels`: the feed."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from nova.api.jwt import IsAdmin, Principal
from nova.api.schema import problems
from nova.api.views import NovaViewSet
from ranking import building, feed
from ranking.serializers import FeedPageSerializer, FeedQuerySerializer


class FeedViewSet(NovaViewSet):
    """The caller's personalised feed."""

    @extend_schema(
        tags=["reels"],
        parameters=[FeedQuerySerializer],
        responses={200: FeedPageSerializer, **problems(403, "`explain` needs a staff token")},
    )
    def list(self, request: Request) -> Response:
        """The next videos for the caller, best first. `X-Feed-Variant` says how they were put in order: `ranked`,
        `newest` for people outside the ramp, or `unpersonalized` for those who wanted it so."""
        query = FeedQuerySerializer(data=request.query_params.dict())  # where `limit=` is no number
        query.is_valid(raise_exception=True)
        wanted = query.validated_data
        page = feed.page(user_id=self.user.id, limit=wanted["limit"], cursor=wanted.get("cursor"))
        if wanted["explain"] == "1":
            _explain(self.user, page.videos)
        return Response(page.as_json(), headers={"X-Cache": page.cache, "X-Feed-Variant": page.variant})


def _explain(user: Principal, videos: list[dict[str, Any]]) -> None:
    if not user.is_admin:
        raise PermissionDenied(IsAdmin.message)
    reasons = building.explain(user.id, [uuid.UUID(video["id"]) for video in videos])
    for video in videos:
        video["explain"] = reasons.get(uuid.UUID(video["id"]))
