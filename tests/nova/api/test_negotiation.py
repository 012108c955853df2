"""Which answer a client may have: JSON, or none."""

from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request

from nova.api import negotiation
from nova.api.negotiation import JSONNegotiation

JSON = JSONRenderer()
TAKE_JSON = [None, "*/*", "application/json", "application/*", "text/html, */*;q=0.1", "application/json; q=0.5"]


def request(accept: str | None) -> Request:
    headers = {} if accept is None else {"Accept": accept}
    return Request(RequestFactory().get("/", headers=headers))


def chosen(kind: type[DefaultContentNegotiation], accept: str | None, *renderers: Any) -> tuple[Any, str]:
    return kind().select_renderer(request(accept), list(renderers))


@pytest.mark.parametrize("accept", ["", *TAKE_JSON])
def test_who_takes_json_gets_it(accept: str | None) -> None:
    renderer, media_type = chosen(JSONNegotiation, accept, JSON)
    assert renderer is JSON
    assert media_type.startswith("application/json")


@pytest.mark.parametrize("accept", ["text/csv", "text/*", "application/xml, text/html"])
def test_who_takes_no_json_gets_nothing(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        chosen(JSONNegotiation, accept, JSON)


@pytest.mark.parametrize("accept", TAKE_JSON)
@pytest.mark.parametrize("renderers", [(JSON,), (JSON, BrowsableAPIRenderer())])
def test_the_short_way_chooses_what_the_long_one_would(accept: str | None, renderers: tuple[Any, ...]) -> None:
    assert chosen(JSONNegotiation, accept, *renderers) == chosen(DefaultContentNegotiation, accept, *renderers)


def test_what_nearly_all_clients_send_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negotiation.DefaultContentNegotiation, "get_accept_list", None)  # whoever parses fails
    for accept in (None, "", "*/*", "application/json"):
        assert chosen(JSONNegotiation, accept, JSON) == (JSON, "application/json")


def test_several_renderers_are_chosen_from() -> None:
    browsable = BrowsableAPIRenderer()
    assert chosen(JSONNegotiation, "text/html", JSON, browsable)[0] is browsable


def test_any_iterable_of_renderers_will_do() -> None:
    for accept in ("*/*", "application/json; q=0.5"):
        assert JSONNegotiation().select_renderer(request(accept), iter([JSON]))[0] is JSON
