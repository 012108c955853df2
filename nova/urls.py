"""Every address. Each app owns its endpoints; they are named by string so that the ground floor imports no app."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import import_string
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from nova.views import HealthViewSet, metrics

admin.site.site_header = admin.site.site_title = "Nova"

router = SimpleRouter(trailing_slash=False)
router.register("health", HealthViewSet, basename="health")

api: list[URLPattern | URLResolver] = [
    path("", include("ranking.urls")),
    path("", include("trending.urls")),  # before /reels/{id}
    path("", include("engagement.urls")),
    path("", include(router.urls)),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]

urlpatterns = [
    *import_string("ranking.feed_urls.urlpatterns"),  # asked most: first, and not a level below
    path("api/v1/", include(api)),
    path("", include("ranking.player")),
    path("metrics", metrics),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]

handler400 = "nova.api.problems.bad_request"
handler403 = "nova.api.problems.permission_denied"
handler404 = "nova.api.problems.not_found"
handler500 = "nova.api.problems.server_error"
