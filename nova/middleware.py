"""Middleware. Nova keeps little of it: every layer is paid for by every feed."""

import random
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from nova import logging, patience

Handler = Callable[[HttpRequest], HttpResponse]
PROBES = "/api/v1/health", "/metrics"  # orchestrators and Prometheus ask by address
MOST_KNOWN_HOSTS = 100  # a wildcard in ALLOWED_HOSTS allows any number
LONGEST_HOST = 260  # a name and its port; Django takes a port of any length
WITHOUT_BODY = {204, 304}
ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(environ: Mapping[str, Any]) -> str:
    """The caller's own where it is sound, else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if given and ACCEPTABLE_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


class RequestIdMiddleware:
    """Gives every request an id and returns it in `X-Request-ID`.

    With it, as each request passes here, begins and ends what a request remembers of engines that let it down.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.known_hosts: set[str | None] = set()  # that were found to be allowed

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PROBES):
            self._check_host(request)
        request_id = request_id_of(request.META)
        request.request_id = request_id  # type: ignore[attr-defined]
        logging.request_id.set(request_id)
        patience.begin(request.META.get(patience.LOST))
        try:
            response = self.get_response(request)
        finally:
            patience.end()
        response["X-Request-ID"] = request_id
        if not response.streaming and response.status_code not in WITHOUT_BODY:
            response["Content-Length"] = str(len(response.content))  # or the server would send it in chunks
        return response

    def _check_host(self, request: HttpRequest) -> None:
        """An unknown Host is refused everywhere, not only where a page asks for it."""
        host = request.META.get("HTTP_HOST")
        if host not in self.known_hosts:
            request.get_host()
            if len(self.known_hosts) < MOST_KNOWN_HOSTS and len(host or "") <= LONGEST_HOST:
                self.known_hosts.add(host)
