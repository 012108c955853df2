"""Nova with one endpoint more: a ViewSet that does nothing, behind the same middleware, tokens and permissions.

`tests.benchmarks.settings` names it as ROOT_URLCONF.
"""

from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from nova.api.views import NovaViewSet
from nova.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@extend_schema(exclude=True)
class EmptyViewSet(NovaViewSet):
    throttle_classes = ()  # it asks no engine anything

    def list(self, request: Request) -> Response:
        return Response({})


router = SimpleRouter(trailing_slash=False)
router.register("empty", EmptyViewSet, basename="empty")
urlpatterns = [path("api/v1/", include(router.urls)), path("", include("nova.urls"))]
