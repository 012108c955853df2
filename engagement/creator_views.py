"""`/creators/{id}`: following and blocking."""

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from engagement import relating
from nova.api.jwt import is_user_id
from nova.api.views import NovaViewSet
from nova.errors import CreatorNotFoundError

CREATOR_ID = OpenApiParameter("id", str, OpenApiParameter.PATH, description="A user id, percent-encoded.")
CHANGE = extend_schema(parameters=[CREATOR_ID], request=None, responses={204: None})


@extend_schema(tags=["creators"])
@extend_schema_view(follow=CHANGE, block=CHANGE)
class CreatorViewSet(NovaViewSet):
    """A creator, and what the caller thinks of them."""

    lookup_value_regex = r"[^\0]+"  # any user id, slashes too

    @action(detail=True, methods=["post"])
    def follow(self, request: Request, pk: str) -> Response:
        """Follow a creator, who need not have published yet. Idempotent. 400 for oneself."""
        relating.set_followed(user_id=self.user.id, creator_id=_parse(pk), followed=True)
        return Response(status=204)

    @CHANGE
    @follow.mapping.delete
    def unfollow(self, request: Request, pk: str) -> Response:
        """Follow a creator no more. Idempotent."""
        relating.set_followed(user_id=self.user.id, creator_id=_parse(pk), followed=False)
        return Response(status=204)

    @action(detail=True, methods=["post"])
    def block(self, request: Request, pk: str) -> Response:
        """See nothing of a creator any more. Idempotent. 400 for oneself."""
        relating.set_blocked(user_id=self.user.id, creator_id=_parse(pk), blocked=True)
        return Response(status=204)

    @CHANGE
    @block.mapping.delete
    def unblock(self, request: Request, pk: str) -> Response:
        """Take a block back. Idempotent."""
        relating.set_blocked(user_id=self.user.id, creator_id=_parse(pk), blocked=False)
        return Response(status=204)


def _parse(pk: str) -> str:
    """A malformed id is an id of nobody: 404."""
    if not is_user_id(pk):
        raise CreatorNotFoundError
    return pk
