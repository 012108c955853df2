"""What an empty answer costs: the floor that feeds are measured against.

`application`: Django with one view and no middleware, on whatever server loads this module.
"""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("empty", empty)]
if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="benchmarks know no secrets",
        MIDDLEWARE=[],
        LOGGING_CONFIG=None,
    )
application = get_wsgi_application()
