"""`/reels/{id}` and what a viewer does to it."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from engagement import history, presenting, relating, services, watch_batches, watching
from engagement import serializers as shapes
from nova.api.schema import problems
from nova.api.views import NovaViewSet
from nova.errors import EngineAwayError, InvalidInputError, NovaError, VideoNotFoundError
from reels import ids

VIDEO_ID = OpenApiParameter("id", uuid.UUID, OpenApiParameter.PATH)


@extend_schema(tags=["reels"])
@extend_schema_view(
    retrieve=extend_schema(parameters=[VIDEO_ID], responses=shapes.VideoSerializer),
    like=extend_schema(parameters=[VIDEO_ID], request=None, responses=shapes.LikeStateSerializer),
    not_interested=extend_schema(parameters=[VIDEO_ID], request=None, responses={204: None}),
    watch=extend_schema(
        parameters=[VIDEO_ID],
        request=shapes.WatchSerializer,
        responses={202: shapes.AcceptedSerializer, **problems(409, "From before the person was erased")},
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
        found = presenting.videos([video_id], liked=history.liked_as_far_as_known(self.user.id, [video_id]))
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

    @action(detail=True, methods=["post"], url_path="not-interested")
    def not_interested(self, request: Request, pk: str) -> Response:
        """Have a video out of the feed at once, and less of its creator in it. Idempotent."""
        relating.set_not_interested(user_id=self.user.id, video_id=_parse(pk), not_interested=True)
        return Response(status=204)

    @extend_schema(parameters=[VIDEO_ID], request=None, responses={204: None})
    @not_interested.mapping.delete
    def interested_again(self, request: Request, pk: str) -> Response:
        """Take that back. Idempotent."""
        relating.set_not_interested(user_id=self.user.id, video_id=_parse(pk), not_interested=False)
        return Response(status=204)

    @action(detail=True, methods=["post"])
    def watch(self, request: Request, pk: str) -> Response:
        """Report a watch."""
        body = _checked(shapes.WatchSerializer(data=request.data))
        refused = watching.watch(user_id=self.user.id, watches=[body.to_watch(_parse(pk))])
        for error in refused.values():
            raise error
        return Response({"accepted": 1, "rejected": []}, status=202)

    @action(detail=False, methods=["post"], url_path="watch")
    def watch_many(self, request: Request) -> Response:
        """Report up to 500 watches. Good ones are kept when others are bad."""
        given = _checked(shapes.WatchBatchSerializer(data=request.data)).validated_data["events"]
        good, refused = watch_batches.read(given)
        indexes = list(good)
        for index, error in watching.watch(user_id=self.user.id, watches=list(good.values())).items():
            refused[indexes[index]] = error
        rejected = [_rejection(index, refused[index]) for index in sorted(refused)]
        if len(rejected) == len(given):
            if away := next((error for error in refused.values() if isinstance(error, EngineAwayError)), None):
                raise away
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


def _rejection(index: int, error: NovaError) -> dict[str, Any]:
    return {"index": index, "code": error.code, "detail": error.detail}
