"""Nova with one endpoint more: a ViewSet that does nothing, behind the same middleware, tokens and permissions.

`tests.benchmarks.settings` names it as ROOT_URLCONF.
"""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from nova.api.views import NovaViewSet
from nova.urls import handler400, handler403, handler404, handler500
from nova.urls import urlpatterns as nova_urls

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


@extend_schema(exclude=True)
class EmptyViewSet(NovaViewSet):
    throttle_classes = ()  # it asks no engine anything

    def list(self, request: Request) -> Response:
        return Response({})


router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("api/v1/empty", EmptyViewSet, basename="empty")
urlpatterns = [*router.urls, *nova_urls]
