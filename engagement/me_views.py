"""`/me`: what is held on the caller, and what they decide about it."""

import os
from collections.abc import Iterator
from typing import IO

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from engagement import exporting, relating, tasks
from engagement import serializers as shapes
from nova.api.views import NovaViewSet
from nova.clients.tasks import publish
from reels import erasing

BLOCK_SIZE = 64 * 1024


class Blocks:
    """A file's content. The file is closed, and with it gone, after the last block or with the response."""

    def __init__(self, file: IO[bytes]) -> None:
        self.close = file.close
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        with self._file as file:
            file.seek(0)
            while block := file.read(BLOCK_SIZE):
                yield block


@extend_schema(tags=["me"])
class MeViewSet(NovaViewSet):
    """The caller."""

    @extend_schema(operation_id="me_retrieve", responses=shapes.ErasureSerializer)
    @action(detail=False, url_path="me")
    def me(self, request: Request) -> Response:
        """Whether the caller is active, is being erased, or was."""
        return Response(erasing.status(self.user.id))

    @extend_schema(operation_id="me_erase", request=None, responses={202: shapes.ErasureSerializer})
    @me.mapping.delete
    def erase(self, request: Request) -> Response:
        """Erase all that is held on the caller. GET tells when it is done; writing anything is coming back."""
        erasing.request(user_id=self.user.id)
        publish(tasks.sweep_erasures)  # without a broker, the scheduler's next sweep does it
        return Response(erasing.status(self.user.id), status=202)

    @extend_schema(operation_id="me_export", responses={(200, "application/json"): OpenApiTypes.OBJECT})
    @action(detail=False, url_path="me/export")
    def export(self, request: Request) -> StreamingHttpResponse:
        """All that is held on the caller, as one file."""
        file = exporting.export(self.user.id)
        size = file.seek(0, os.SEEK_END)
        headers = {"Content-Length": str(size), "Content-Disposition": 'attachment; filename="nova-export.json"'}
        return StreamingHttpResponse(Blocks(file), content_type="application/json", headers=headers)

    @extend_schema(operation_id="me_preferences", responses=shapes.PreferencesSerializer)
    @action(detail=False, url_path="me/preferences")
    def preferences(self, request: Request) -> Response:
        """What the caller decided about their feed."""
        return Response({"personalized": relating.is_personalized(self.user.id)})

    @extend_schema(
        operation_id="me_preferences_set",
        request=shapes.PreferencesSerializer,
        responses=shapes.PreferencesSerializer,
    )
    @preferences.mapping.put
    def set_preferences(self, request: Request) -> Response:
        """Without personalisation the feed uses nothing about the caller but whom they blocked."""
        body = shapes.PreferencesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        relating.set_personalized(user_id=self.user.id, **body.validated_data)
        return Response(body.validated_data)
