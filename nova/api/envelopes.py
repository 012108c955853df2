"""The headers that Nova's middleware puts on every answer, for answers that do not pass through it."""

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from nova.middleware import LONGEST_HOST

Headers = list[tuple[str, str]]
MOST_KNOWN = 100  # a wildcard in ALLOWED_HOSTS allows any number
OF_THE_REQUEST = {"X-Request-ID", "Content-Length", "Content-Type"}
SCHEMES = {None, "http", "https"}  # a proxy tells one of them, or there is none


class Envelopes:
    """Learned once for each host and scheme, by sending an empty answer through the middleware itself: what is changed
    there holds here. Full, it forgets all."""

    def __init__(self, middleware: Sequence[str]) -> None:
        self._through: Callable[[HttpRequest], Any] = lambda request: HttpResponse()
        for name in reversed(middleware):
            self._through = import_string(name)(self._through)
        self._told_by_proxy = settings.SECURE_PROXY_SSL_HEADER[0]
        self._known: dict[tuple[str | None, str, str | None], Headers] = {}

    def of(self, environ: dict[str, Any]) -> Headers | None:
        """None where the middleware lets the request no further, or may look at more than host and scheme."""
        seen = environ.get("HTTP_HOST"), environ["wsgi.url_scheme"], environ.get(self._told_by_proxy)
        return self._known.get(seen) or self._learn(seen, environ)

    def _learn(self, seen: tuple[str | None, str, str | None], environ: dict[str, Any]) -> Headers | None:
        if seen[-1] not in SCHEMES or len(seen[0] or "") > LONGEST_HOST:
            return None
        try:
            response = self._through(WSGIRequest(dict(environ)))
        except DisallowedHost:
            return None
        if response.status_code != 200:
            return None
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        headers = [(name, value) for name, value in response.items() if name not in OF_THE_REQUEST]
        self._known[seen] = headers
        return headers
