"""Nova with two endpoints more, behind the same middleware, tokens and permissions: a ViewSet that does nothing, and
one that asks Redis once.

`tests.benchmarks.settings` names it as ROOT_URLCONF.
"""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from nova.api.views import NovaViewSet
from nova.clients import redis_script
from nova.urls import handler400, handler403, handler404, handler500
from nova.urls import urlpatterns as nova_urls

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@extend_schema(exclude=True)
class EmptyViewSet(NovaViewSet):
    throttle_classes = ()  # it asks no engine anything

    def list(self, request: Request) -> Response:
        return Response({})


@extend_schema(exclude=True)
class AskingViewSet(NovaViewSet):
    """What is left of the empty one for a feed at most: it asks Redis once, the least there is to ask."""

    throttle_classes = ()

    def list(self, request: Request) -> Response:
        redis_script.command("PING")
        return Response({})


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("api/v1/empty", EmptyViewSet, basename="empty")
router.register("api/v1/asking", AskingViewSet, basename="asking")
urlpatterns = [*router.urls, *nova_urls]
