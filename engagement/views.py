"""`/reels/{id}` and what a viewer does to it."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from engagement import history, presenting, services
from engagement import serializers as shapes
from engagement.services import Watch
from nova.api.views import NovaViewSet
from nova.errors import InvalidInputError, NovaError, VideoNotFoundError
from reels import ids

VIDEO_ID = OpenApiParameter("id", uuid.UUID, OpenApiParameter.PATH)


@extend_schema(tags=["reels"])
@extend_schema_view(
    retrieve=extend_schema(parameters=[VIDEO_ID], responses=shapes.VideoSerializer),
    like=extend_schema(parameters=[VIDEO_ID], request=None, responses=shapes.LikeStateSerializer),
    watch=extend_schema(
        parameters=[VIDEO_ID], request=shapes.WatchSerializer, responses={202: shapes.AcceptedSerializer}
    ),
    watch_many=extend_schema(
        operation_id="reels_watch_batch",  # else it has the name of the one above
        request=shapes.WatchBatchSchemaSerializer,
        responses={202: shapes.AcceptedSerializer},
    ),
    share=extend_schema(parameters=[VIDEO_ID], request=shapes.ShareSerializer, responses=shapes.ShareCountSerializer),
)
class VideoViewSet(NovaViewSet):
    """One video, and what the caller does to it."""

    def retrieve(self, request: Request, pk: str) -> Response:
        """One video."""
        video_id = _parse(pk)
        found = presenting.videos([video_id], liked=history.liked_among(self.user.id, [video_id]))
        if not found:
            raise VideoNotFoundError
        return Response(found[0])

    @action(detail=True, methods=["post"])
    def like(self, request: Request, pk: str) -> Response:
        """Like a video. Idempotent."""
        return self._set_liked(pk, liked=True)

    @extend_schema(parameters=[VIDEO_ID], request=None, responses={200: shapes.LikeStateSerializer})
    @like.mapping.delete
    def unlike(self, request: Request, pk: str) -> Response:
        """Take a like back. Idempotent."""
        return self._set_liked(pk, liked=False)

    @action(detail=True, methods=["post"])
    def watch(self, request: Request, pk: str) -> Response:
        """Report a watch."""
        body = _checked(shapes.WatchSerializer(data=request.data))
        refused = services.watch(user_id=self.user.id, watches=[body.to_watch(_parse(pk))])
        for error in refused.values():
            raise error
        return Response({"accepted": 1, "rejected": []}, status=202)

    @action(detail=False, methods=["post"], url_path="watch")
    def watch_many(self, request: Request) -> Response:
        """Report up to 500 watches. Good ones are kept when others are bad."""
        given = _checked(shapes.WatchBatchSerializer(data=request.data)).validated_data["events"]
        good, refused = _read_watches(given)
        indexes = list(good)
        for index, error in services.watch(user_id=self.user.id, watches=list(good.values())).items():
            refused[indexes[index]] = error
        rejected = [_rejection(index, refused[index]) for index in sorted(refused)]
        if len(rejected) == len(given):
            raise InvalidInputError("None of the events is valid.", rejected=rejected)
        return Response({"accepted": len(given) - len(rejected), "rejected": rejected}, status=202)

    @action(detail=True, methods=["post"])
    def share(self, request: Request, pk: str) -> Response:
        """Count a share."""
        data = _checked(shapes.ShareSerializer(data=request.data)).validated_data
        video_id = _parse(pk)
        count = services.share(
            user_id=self.user.id,
            video_id=video_id,
            destination=data.get("destination") or "",
            event_id=data.get("event_id") or "",
        )
        return Response({"video_id": str(video_id), "share_count": count})

    def _set_liked(self, pk: str, *, liked: bool) -> Response:
        video_id = _parse(pk)
        state = services.set_liked(user_id=self.user.id, video_id=video_id, liked=liked)
        return Response({"video_id": str(video_id), "liked": state.liked, "like_count": state.like_count})


def _parse(pk: str) -> uuid.UUID:
    """A malformed id is an id of nothing: 404."""
    video_id = ids.parse(pk)
    if video_id is None:
        raise VideoNotFoundError
    return video_id


def _checked(serializer: Any) -> Any:
    serializer.is_valid(raise_exception=True)
    return serializer


def _read_watches(given: list[Any]) -> tuple[dict[int, Watch], dict[int, Exception]]:
    """The well-formed ones and the errors of the others, both by index."""
    good: dict[int, Watch] = {}
    refused: dict[int, Exception] = {}
    for index, each in enumerate(given):
        serializer = shapes.BatchedWatchSerializer(data=each)
        if not serializer.is_valid():
            refused[index] = InvalidInputError(_first_error(serializer.errors))
            continue
        video_id = ids.parse(serializer.validated_data["video_id"])
        if video_id is None:
            refused[index] = VideoNotFoundError()
        else:
            good[index] = serializer.to_watch(video_id)
    return good, refused


def _first_error(errors: dict[str, Any]) -> str:
    field, details = next(iter(errors.items()))
    return f"{field}: {details[0]}"


def _rejection(index: int, error: Exception) -> dict[str, Any]:
    assert isinstance(error, NovaError)
    return {"index": index, "code": error.code, "detail": error.detail}
