"""`/admin/cache-warmup`: feeds built ahead, for staff."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from nova.api.jwt import IsAdmin, IsAuthenticated
from nova.api.schema import problems
from nova.api.views import NovaViewSet
from nova.clients.tasks import publish
from nova.errors import EngineAwayError, NotFoundError
from ranking import tasks, warming
from ranking.serializers import WarmUpReportSerializer, WarmUpSerializer


class CacheWarmupViewSet(NovaViewSet):
    """Feeds of the most active people, built ahead by the worker."""

    permission_classes = (IsAuthenticated, IsAdmin)
    lookup_field = "task_id"

    @extend_schema(
        tags=["admin"],
        request=WarmUpSerializer,
        responses={202: WarmUpReportSerializer, **problems(403, "This needs a staff token")},
    )
    def create(self, request: Request) -> Response:
        """Start a warm-up."""
        body = WarmUpSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        task_id = publish(tasks.warm_feeds, body.validated_data["user_count"], body.validated_data["batch_size"])
        if task_id is None:
            raise EngineAwayError
        warming.Report(task_id).queued()
        return Response(warming.report_of(task_id), status=202)

    @extend_schema(
        tags=["admin"],
        parameters=[OpenApiParameter("task_id", str, OpenApiParameter.PATH)],
        responses={200: WarmUpReportSerializer, **problems(403, "This needs a staff token")},
    )
    def retrieve(self, request: Request, task_id: str) -> Response:
        """How a warm-up goes. Reports are kept for a day."""
        report = warming.report_of(task_id)
        if report is None:
            raise NotFoundError("There is no such warm-up, or it was started more than a day ago.")
        return Response(report)
