"""Feeds that are there, answered before Django makes a request of what the server read.

Most of what people ask for is a page of a list that is in Redis, and Django and DRF take as long over it as Nova does.
So what apps usually send, with a token that was verified before, is answered here. Whatever else it may be, wrong,
refused, or for a feed that has to be built, is the view's, which gets what was read for it and would answer the same.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError

from nova import logging, patience
from nova.api import jwt, throttle
from nova.api.envelopes import Envelopes, Headers
from nova.api.negotiation import ANYTHING
from nova.chunked import Application
from nova.database import giving_back
from nova.errors import NovaError
from nova.middleware import request_id_of
from ranking import feed, feed_metrics, feed_query
from ranking.feed import Page
from ranking.feed_query import ASKED

log = structlog.get_logger(__name__)
ADDRESS = "/api/v1/reels"
# As the view's answers have them, for which DRF finds out anew each time.
OF_THE_VIEW = [("Content-Type", "application/json"), ("Allow", "GET, HEAD, OPTIONS")]


class FeedHits:
    """Answers in place of `application`, which sits behind `middleware`, where it can."""

    def __init__(self, application: Application, middleware: Sequence[str]) -> None:
        self.application = application
        self._envelopes = Envelopes(middleware)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != ADDRESS or environ["REQUEST_METHOD"] != "GET":
            return self.application(environ, start_response)
        envelope = self._envelopes.of(environ) if _is_plain(environ) else None
        page = _page(environ) if envelope is not None else None
        if envelope is None or page is None:
            return self.application(environ, start_response)
        start_response("200 OK", envelope + _headers(environ, page))
        return [page.json]  # a list, see `nova.wsgi.Handler`


def _is_plain(environ: dict[str, Any]) -> bool:
    """Whether JSON is wanted, and nothing said of how to read the address: Django reads it by the charset of a body."""
    return environ.get("HTTP_ACCEPT", "") in ANYTHING and ";" not in environ.get("CONTENT_TYPE", "")


def _page(environ: dict[str, Any]) -> Page | None:
    """None where the view is to answer: with the same id, and without finding out again which engine is away."""
    environ["HTTP_X_REQUEST_ID"] = request_id_of(environ)
    logging.request_id.set(environ["HTTP_X_REQUEST_ID"])
    environ[patience.LOST] = patience.begin()
    try:
        page = _hit(environ)
    except (NovaError, DatabaseError):  # the view meets it too, and tells the caller
        return None
    except Exception:
        log.exception("feed_hit_failed")
        return None
    finally:
        patience.end()
    if page:
        feed_metrics.count(page, environ[ASKED].started)
        giving_back.give_back()
    return page


def _hit(environ: dict[str, Any]) -> Page | None:
    query = feed_query.parse_plain(environ["QUERY_STRING"])
    user_id = _known_caller(environ)
    if query is None or user_id is None:
        return None
    asked = environ[ASKED] = feed_query.ask(user_id, query)  # of a request that is refused, no list is read
    return feed.hit(user_id=user_id, limit=query.limit, place=asked.place, reading=asked.reading)


def _known_caller(environ: dict[str, Any]) -> str | None:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    known = jwt.verified.known(token.strip()) if scheme.lower() == "bearer" else None
    return known.id if known else None


def _headers(environ: dict[str, Any], page: Page) -> Headers:
    headers = [
        *OF_THE_VIEW,
        ("X-Cache", page.cache),
        ("X-Feed-Variant", page.variant),
        ("X-Request-ID", environ["HTTP_X_REQUEST_ID"]),
        ("Content-Length", str(len(page.json))),
    ]
    reading = environ[ASKED].reading
    if settings.RATE_LIMIT_PER_MINUTE:
        limits = throttle.headers(reading.used, reading.reset)
        headers += [(name, str(value)) for name, value in limits.items()]
    return headers
