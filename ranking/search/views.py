"""`GET /reels/search`."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from nova.api.views import NovaViewSet
from ranking.search import pages
from ranking.search.serializers import SearchPageSerializer, SearchQuerySerializer


class SearchViewSet(NovaViewSet):
    """Videos by what is written on them."""

    @extend_schema(tags=["reels"], parameters=[SearchQuerySerializer], responses=SearchPageSerializer)
    def list(self, request: Request) -> HttpResponse:
        """The videos that answer a query best, over title, description, hashtags, sound and creator. Misspelt words are
        corrected where few videos have them as they are. `X-Search-Basis` says what answered: the `index`, or the
        newest of the `catalogue` while that is away."""
        query = SearchQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = query.wanted()
        place = pages.place(self.user.id, wanted, query.validated_data.get("cursor"))
        page = pages.page(user_id=self.user.id, wanted=wanted, place=place)
        return HttpResponse(page.json, content_type="application/json", headers={"X-Search-Basis": page.basis})
