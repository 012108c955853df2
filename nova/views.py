"""Health and metrics: what operators and their machines ask for, without a token."""

import ipaddress

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from nova import health
from nova import metrics as definitions
from nova.api.views import NovaViewSet

# Without PostgreSQL a pod still serves cached feeds, without Redis it builds them; with neither it has nothing to say.
NEEDED_TO_SERVE = ("postgresql", "redis")
PRIVATE = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 127.0.0.0/8 169.254.0.0/16 ::1/128 fe80::/10 fc00::/7"
PRIVATE_NETWORKS = [ipaddress.ip_network(each) for each in PRIVATE.split()]
FROM_A_PROXY = ("X-Forwarded-For", "Forwarded")


@extend_schema(tags=["health"], auth=[], responses=OpenApiTypes.OBJECT)
class HealthViewSet(NovaViewSet):
    """For load balancers and people. No token, no rate limit."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()

    def list(self, request: Request) -> Response:
        """Every engine with its latency, and what this process's breaker thinks of it."""
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
                        "breaker": e.breaker,
                    }
                    for e in engines
                ],
            }
        )

    @extend_schema(responses={200: OpenApiTypes.OBJECT, 503: OpenApiTypes.OBJECT})
    @action(detail=False)
    def ready(self, request: Request) -> Response:
        """Whether this process can serve: 200 or 503."""
        away = [engine.name for engine in health.check_engines(NEEDED_TO_SERVE) if not engine.ok]
        ready = len(away) < len(NEEDED_TO_SERVE)
        return Response({"status": "ready" if ready else "not ready", "away": away}, status=200 if ready else 503)

    @action(detail=False)
    def live(self, request: Request) -> Response:
        """That this process answers; touches nothing else."""
        return Response({"status": "live"})


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's metrics, for who stands inside: the answer tells how the service is doing."""
    if any(header in request.headers for header in FROM_A_PROXY) or not is_private(request.META.get("REMOTE_ADDR", "")):
        raise PermissionDenied
    return HttpResponse(definitions.exposition(), content_type=definitions.CONTENT_TYPE)


def is_private(address: str) -> bool:
    try:
        given = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    given = getattr(given, "ipv4_mapped", None) or given
    return any(given in network for network in PRIVATE_NETWORKS)
