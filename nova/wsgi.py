"""What the web server loads."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver
from django.utils.module_loading import import_string

from nova import environment, remembered
from nova.chunked import Application, WithContentLength
from nova.clients import tasks
from nova.database import giving_back

# A request that waits longer than this for one engine has lost its reader already.
PATIENCE_MS = {
    "DATABASE_STATEMENT_TIMEOUT_MS": "700",  # the server gives up first, and the connection lives
    "DATABASE_ANSWER_TIMEOUT_MS": "800",
    "DATABASE_POOL_TIMEOUT_MS": "500",
    "REDIS_ANSWER_TIMEOUT_MS": "200",
    "CLICKHOUSE_ANSWER_TIMEOUT_MS": "500",
    "ENGINE_CONNECT_TIMEOUT_MS": "250",
}


class ByAddress:
    """A handler for the API and one for all pages."""

    def __init__(self, pages: Application, api: Application) -> None:
        self.pages, self.api = pages, api

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_api = environ.get("PATH_INFO", "").startswith("/api/")
        return (self.api if is_api else self.pages)(environ, start_response)


class Handler(WSGIHandler):
    """Django's, that takes an address without parameters apart once and not for every request, and hands a body over
    whole: of a list the server makes one answer, everything else it asks for piece by piece, from another thread."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, ResolverMatch] = {}  # as many as there are such addresses

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        response: Any = super().__call__(environ, start_response)
        if getattr(response, "streaming", True):
            return response
        response.close()  # the request is over: what it took goes back
        return [response.content]

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        known = self.known.get(request.path_info)
        if known is None:
            known = super().resolve_request(request)
            if not known.args and not known.kwargs:
                self.known[request.path_info] = known
        request.resolver_match = known
        return known


def handler(middleware: list[str]) -> Handler:
    """Django's handler with other middleware than MIDDLEWARE, which it reads when it is made."""
    usual, settings.MIDDLEWARE = settings.MIDDLEWARE, middleware
    try:
        return Handler()
    finally:
        settings.MIDDLEWARE = usual


def _api() -> Application:
    api: Application = handler(settings.API_MIDDLEWARE)
    for shortcut in settings.API_SHORTCUTS:
        api = import_string(shortcut)(api, settings.API_MIDDLEWARE)
    return api


for name, value in PATIENCE_MS.items():
    os.environ.setdefault(name, value)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", environment.settings_module())
django.setup(set_prefix=False)
application = WithContentLength(ByAddress(pages=Handler(), api=_api()))
tasks.prepare()
giving_back.prepare()
remembered.in_background = True
get_resolver().url_patterns  # noqa: B018 - imports every view now, or the first request would wait for it
gc.collect()
gc.freeze()  # what was imported stays: looking through it for garbage would hold up a request by 80 ms now and then
