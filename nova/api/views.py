"""What every endpoint of the API shares."""

from typing import Any, cast

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from nova.api.jwt import Principal


class NovaViewSet(ViewSet):
    """A ViewSet whose answers tell the caller what is left of the rate limit."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        for name, value in getattr(request._request, "rate_limit_headers", {}).items():
            response[name] = value
        return response

    @property
    def user(self) -> Principal:
        return cast(Principal, self.request.user)
