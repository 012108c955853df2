"""The demo page: the feeds of two viewers side by side. Development alone, for it hands out their tokens."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from nova.api import jwt

VIEWERS = ["demo-ada", "demo-ben"]
LIFETIME = 12 * 3600


def player(request: HttpRequest) -> HttpResponse:
    if settings.APP_ENV == "production" or not settings.JWT_PRIVATE_KEY_FILE:
        raise Http404
    viewers = [{"id": viewer, "token": jwt.sign(viewer, lifetime=LIFETIME, is_admin=True)} for viewer in VIEWERS]
    return render(request, "player.html", {"viewers": viewers})


urlpatterns = [path("", player, name="player")]
