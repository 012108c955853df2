"""The handlers of the web server."""

import uuid

from django.conf import settings
from django.test import RequestFactory

from nova.wsgi import Handler, handler

factory = RequestFactory()


def api() -> Handler:
    return handler(settings.API_MIDDLEWARE)


def test_an_address_without_parameters_is_taken_apart_once() -> None:
    web = api()
    first, second = factory.get("/api/v1/reels"), factory.get("/api/v1/reels?limit=30")
    assert web.resolve_request(first) is web.resolve_request(second)
    assert second.resolver_match is not None and second.resolver_match.url_name == "feed-list"


def test_addresses_with_parameters_are_not_mixed_up_nor_kept() -> None:
    web, one, other = api(), uuid.uuid4(), uuid.uuid4()
    matches = [web.resolve_request(factory.get(f"/api/v1/reels/{each}")) for each in (one, other)]
    assert [match.kwargs["pk"] for match in matches] == [str(one), str(other)]
    assert not web.known
