"""What drf-spectacular cannot see by itself: the problem answers every endpoint shares, and the token."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable; programs may rely on it.")
    request_id = serializers.CharField()


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "nova.api.jwt.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: SpectacularSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def problem(description: str) -> OpenApiResponse:
    return OpenApiResponse(ProblemSerializer, description=description)


def problems(status: int, description: str) -> dict[tuple[int, str], OpenApiResponse]:
    """For `extend_schema(responses=…)`: a problem that only this operation answers with."""
    return {(status, "application/problem+json"): problem(description)}


class AutoSchema(SpectacularSchema):
    """Adds to every operation the problems that any of them can answer with."""

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        """Not `get_response_serializers`: what `extend_schema` declares goes past that one."""
        bodies = super()._get_response_bodies(direction)
        for (status, media_type), each in self._common().items():
            bodies.setdefault(str(status), self._get_response_for_code(each, str(status), [media_type], direction))
        return bodies

    def _common(self) -> dict[tuple[int, str], Any]:
        kinds: dict[int, str] = {}
        if self.get_auth():
            kinds |= {401: "No valid token", 429: "Too many requests"}
        kinds |= {400: "Something in the request is not valid", 503: "A part of the service is away"}
        if self.method != "GET":
            kinds[409] = "What this refers to has changed meanwhile"
        if "{" in self.path:
            kinds[404] = "There is no such thing"
        return {(status, "application/problem+json"): problem(text) for status, text in kinds.items()}
