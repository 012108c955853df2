"""`GET /reels`: the feed."""

import uuid
from typing import Any

import orjson
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from nova.api.jwt import IsAdmin, Principal
from nova.api.schema import problems
from nova.api.views import NovaViewSet
from ranking import building, feed, feed_metrics, feed_query
from ranking.feed_query import ReadingThrottle
from ranking.serializers import FeedPageSerializer, FeedQuerySerializer


class FeedViewSet(NovaViewSet):
    """The caller's personalised feed."""

    throttle_classes = (ReadingThrottle,)

    @extend_schema(
        tags=["reels"],
        parameters=[FeedQuerySerializer],
        responses={200: FeedPageSerializer, **problems(403, "`explain` needs a staff token")},
    )
    def list(self, request: Request) -> HttpResponse:
        """The next videos for the caller, best first. `X-Feed-Variant` says how they were put in order: `ranked`,
        `newest` for people outside the ramp, or `unpersonalized` for those who wanted it so. `X-Cache` says whether
        the feed was there (`HIT`), was built now (`MISS`), or is the last one while a new one is not to be had
        (`STALE`)."""
        asked = feed_query.of(request, self.user.id)
        page = feed.page(user_id=self.user.id, limit=asked.query.limit, place=asked.place, reading=asked.reading)
        body = _explained(self.user, page.json) if asked.query.explain else page.json
        feed_metrics.count(page, asked.started)
        headers = {"X-Cache": page.cache, "X-Feed-Variant": page.variant}
        return HttpResponse(body, content_type="application/json", headers=headers)


def _explained(user: Principal, page: bytes) -> bytes:
    if not user.is_admin:
        raise PermissionDenied(IsAdmin.message)
    answer: dict[str, Any] = orjson.loads(page)
    reasons = building.explain(user.id, [uuid.UUID(video["id"]) for video in answer["data"]])
    for video in answer["data"]:
        video["explain"] = reasons.get(uuid.UUID(video["id"]))
    return orjson.dumps(answer)
