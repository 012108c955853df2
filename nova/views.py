"""Health."""

from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nova import health
from nova.api.views import NovaViewSet

# Without PostgreSQL a pod still serves cached feeds, without Redis it builds them; with neither it has nothing to say.
NEEDED_TO_SERVE = ("postgresql", "redis")


@extend_schema(tags=["health"], auth=[], responses=OpenApiTypes.OBJECT)
class HealthViewSet(NovaViewSet):
    """For load balancers and people. No token, no rate limit."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def list(self, request: Request) -> Response:
        """Every engine with its latency."""
        engines = health.check_engines()
        return Response(
            {
                "status": "ok" if all(engine.ok for engine in engines) else "degraded",
                "engines": [
                    {
                        "name": e.name,
                        "ok": e.ok,
                        "latency_ms": round(e.latency_ms, 2),
                        "error": e.error or None,
                    }
                    for e in engines
                ],
            }
        )

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 503: OpenApiTypes.OBJECT})
    @action(detail=False)
    def ready(self, request: Request) -> Response:
        """Whether this process can serve: 200 or 503."""
        away = [name for name in NEEDED_TO_SERVE if not health.check(name).ok]
        ready = len(away) < len(NEEDED_TO_SERVE)
        return Response({"status": "ready" if ready else "not ready", "away": away}, status=200 if ready else 503)

    @action(detail=False)
    def live(self, request: Request) -> Response:
        """That this process answers; touches nothing else."""
        return Response({"status": "live"})
