"""What a request remembers of engines that let it down."""

import threading
from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from nova import patience
from nova.middleware import RequestIdMiddleware


@pytest.fixture(autouse=True)
def no_request_left() -> Iterator[None]:
    yield
    patience.end()


def test_an_engine_that_let_a_request_down_is_lost_to_it() -> None:
    patience.begin()
    assert not patience.is_lost("redis")
    patience.lose("redis")
    assert patience.is_lost("redis")
    assert not patience.is_lost("clickhouse")


def test_a_request_begins_with_all_engines() -> None:
    patience.begin()
    patience.lose("redis")
    patience.begin()
    assert not patience.is_lost("redis")


def test_without_a_request_nothing_is_remembered() -> None:
    patience.lose("redis")
    assert not patience.is_lost("redis")


def test_requests_in_other_threads_learn_for_themselves() -> None:
    patience.begin()
    patience.lose("redis")
    found: list[bool] = []

    def ask() -> None:
        patience.begin()
        found.append(patience.is_lost("redis"))

    other = threading.Thread(target=ask)
    other.start()
    other.join(5)
    assert found == [False]


def test_it_begins_and_ends_with_the_request() -> None:
    """Also when the request fails."""
    seen: list[bool] = []

    def view(request: HttpRequest) -> HttpResponse:
        patience.lose("redis")
        seen.append(patience.is_lost("redis"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        RequestIdMiddleware(view)(RequestFactory().get("/", headers={"Host": "localhost"}))
    assert seen == [True]
    patience.lose("redis")
    assert not patience.is_lost("redis")


def test_a_request_that_goes_on_knows_what_it_learned() -> None:
    lost = patience.begin()
    patience.lose("redis")
    patience.end()
    patience.begin(lost)
    assert patience.is_lost("redis")


def test_the_middleware_goes_on_with_it() -> None:
    seen: list[bool] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(patience.is_lost("redis"))
        return HttpResponse()

    request = RequestFactory().get("/", headers={"Host": "localhost"})
    request.META[patience.LOST] = {"redis"}
    RequestIdMiddleware(view)(request)
    assert seen == [True]
