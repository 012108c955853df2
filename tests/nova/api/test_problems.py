"""Errors, whatever goes wrong."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework.views import APIView

from engagement.models import OutboxEvent
from nova.api import jwt
from nova.api.throttle import UserRateThrottle
from nova.clients import redis
from ranking import feed
from tests.conftest import API

Clients = Callable[..., APIClient]
WATCHES = f"{API}/reels/watch"


def test_every_problem_has_a_code_and_the_id_of_its_request(client_of: Clients, engines: None) -> None:
    answer = client_of("ann").get(f"{API}/reels/{uuid.uuid4()}", headers={"X-Request-ID": "trace-1"})
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Request-ID"] == "trace-1"
    assert answer.json() == {
        "type": "urn:nova:problem:video_not_found",
        "title": "There is no such video",
        "status": 404,
        "detail": "There is no such video",
        "code": "video_not_found",
        "request_id": "trace-1",
    }


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>"])
def test_an_unsound_request_id_is_replaced(client_of: Clients, engines: None, given: str) -> None:
    answer = client_of("ann").get(f"{API}/reels", headers={"X-Request-ID": given})
    assert answer["X-Request-ID"] not in ("", given)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "invalid_input"),
        (b"[]", "application/json", 400, "invalid_input"),
        (b"null", "application/json", 400, "invalid_input"),
        (b'{"events": 5}', "application/json", 400, "invalid_input"),
        (b'{"events": []}', "application/json", 400, "invalid_input"),
        (b'{"events": ["\\ud800"]}', "application/json", 400, "invalid_input"),
        (b"\xff\xfe", "application/json", 400, "invalid_input"),
        (b"[" * 100_000, "application/json", 400, "invalid_input"),
        (b'{"events": [' + b"[" * 1000 + b"]" * 1000 + b"]}", "application/json", 400, "invalid_input"),
        (b" " * 10_000_000, "application/json", 413, "body_too_large"),
        (b'{"events": [' + b"1," * 1_000_000 + b"1]}", "application/json", 413, "body_too_large"),
        (b"events=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"<a/>", "text/xml", 415, "unsupported_media_type"),
    ],
)
def test_a_bad_body_gets_its_documented_error_and_leaves_nothing(
    client_of: Clients, engines: None, body: bytes, content_type: str, status: int, code: str
) -> None:
    answer = client_of("ann").post(WATCHES, body, content_type=content_type)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not OutboxEvent.objects.exists()


def test_a_method_that_is_not_there_is_405(client_of: Clients, engines: None) -> None:
    answer = client_of("ann").put(f"{API}/reels", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_what_cannot_be_answered_in_another_form_is_406(client_of: Clients, engines: None) -> None:
    answer = client_of("ann").get(f"{API}/reels", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_an_address_that_is_not_there_is_404(client: APIClient) -> None:
    answer = client.get("/api/v1/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_database_that_is_away_is_503_with_a_time_to_come_back(
    client_of: Clients, engines: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**given: object) -> None:
        raise OperationalError("connection refused: password=secret")

    monkeypatch.setattr(feed, "page", fail)
    answer = client_of("ann").get(f"{API}/reels")
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert "secret" not in answer.content.decode()


def test_a_fault_of_ours_is_500_without_a_trace(
    client_of: Clients, engines: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**given: object) -> None:
        raise RuntimeError("internal detail")

    monkeypatch.setattr(feed, "page", fail)
    answer = client_of("ann").get(f"{API}/reels")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "internal detail" not in answer.content.decode()


def test_requests_past_the_limit_get_429_until_the_window_ends(
    client_of: Clients, engines: None, settings: Settings
) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 3
    ann = client_of("ann")
    remaining = [ann.get(f"{API}/reels")["RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    answer = ann.get(f"{API}/reels")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert answer["RateLimit-Limit"] == "3"
    assert client_of("ben").get(f"{API}/reels").status_code == 200
    redis.connection().delete("rate:u:ann")
    assert ann.get(f"{API}/reels").status_code == 200


def test_the_limit_holds_for_requests_at_once(client_of: Clients, engines: None, settings: Settings) -> None:
    asked: Any = SimpleNamespace(user=jwt.Principal("ann"), _request=SimpleNamespace())
    settings.RATE_LIMIT_PER_MINUTE = 20
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: UserRateThrottle().allow_request(asked, APIView()), range(50)))
    assert sum(answers) == 20


def test_without_redis_nobody_is_refused(client_of: Clients, engines: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise redis.RedisError("away")

    monkeypatch.setattr(redis, "connection", away)
    assert client_of("ann").get(f"{API}/reels").status_code == 200
