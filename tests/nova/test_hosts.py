"""An unknown Host is refused, and a known one looked at once."""

from typing import Any

import pytest
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from nova import middleware
from nova.middleware import RequestIdMiddleware


def answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def asked(host: str) -> Any:
    return RequestFactory().get("/", headers={"Host": host})


def test_a_host_that_is_known_lets_no_other_in() -> None:
    web = RequestIdMiddleware(answer)
    for _ in range(2):
        assert web(asked("localhost")).status_code == 200
        with pytest.raises(DisallowedHost):
            web(asked("elsewhere.example"))


def test_no_more_hosts_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "MOST_KNOWN_HOSTS", 1)
    web = RequestIdMiddleware(answer)
    for host in ("localhost", "127.0.0.1", "localhost:8000"):
        assert web(asked(host)).status_code == 200
    assert web.known_hosts == {"localhost"}
