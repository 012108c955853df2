"""The handlers of the web server."""

import uuid
from collections.abc import Callable
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
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


def answered(response: HttpResponseBase, monkeypatch: pytest.MonkeyPatch) -> tuple[object, Mock]:
    """What the server gets where Django has this to say, and what closes that."""
    web = api()
    closing = Mock(wraps=response.close)
    monkeypatch.setattr(response, "close", closing)
    say: Callable[..., HttpResponseBase] = lambda request: response  # noqa: E731
    monkeypatch.setattr(web, "get_response", say)
    return web(factory.get("/").environ, Mock()), closing


def test_a_body_is_handed_over_whole_and_the_request_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    body, closing = answered(HttpResponse(b"whole"), monkeypatch)
    assert body == [b"whole"]
    closing.assert_called_once_with()


def test_a_stream_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    body, closing = answered(StreamingHttpResponse([b"in ", b"pieces"]), monkeypatch)
    assert isinstance(body, StreamingHttpResponse)
    assert b"".join(body) == b"in pieces"
    closing.assert_not_called()
