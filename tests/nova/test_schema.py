"""The OpenAPI schema and the page that shows it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from tests.conftest import API

ENDPOINTS = {
    f"{API}/reels": {"get"},
    f"{API}/reels/{{id}}": {"get"},
    f"{API}/reels/{{id}}/like": {"post", "delete"},
    f"{API}/reels/{{id}}/watch": {"post"},
    f"{API}/reels/watch": {"post"},
    f"{API}/reels/{{id}}/share": {"post"},
    f"{API}/reels/{{id}}/not-interested": {"post", "delete"},
    f"{API}/reels/trending-sounds": {"get"},
    f"{API}/reels/trending-hashtags": {"get"},
    f"{API}/discover/creators": {"get"},
    f"{API}/creators/{{id}}/follow": {"post", "delete"},
    f"{API}/creators/{{id}}/block": {"post", "delete"},
    f"{API}/me": {"get", "delete"},
    f"{API}/me/export": {"get"},
    f"{API}/me/preferences": {"get", "put"},
    f"{API}/health": {"get"},
    f"{API}/health/live": {"get"},
    f"{API}/health/ready": {"get"},
}
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def schema() -> dict[str, Any]:
    answer = APIClient().get(f"{API}/schema", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    return json.loads(answer.content)


def operations(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """By `method path`."""
    return {
        f"{method} {path}": operation
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def test_the_schema_is_valid_and_builds_without_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
    assert (tmp_path / "schema.yaml").read_text().startswith("openapi: 3.")
    assert "warning" not in capsys.readouterr().err.lower()


@pytest.mark.parametrize("path", ENDPOINTS)
def test_every_endpoint_is_named_with_its_methods(schema: dict[str, Any], path: str) -> None:
    assert METHODS & schema["paths"][path].keys() >= ENDPOINTS[path]


def test_the_schema_and_its_page_are_no_endpoints_of_themselves(schema: dict[str, Any]) -> None:
    assert not {f"{API}/schema", f"{API}/docs"} & schema["paths"].keys()


def test_all_but_health_needs_a_token(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for name, operation in operations(schema).items():
        if f"{API}/health" in name:
            assert "security" not in operation
        else:
            assert operation["security"] == [{"bearer": []}], name


def test_every_operation_tells_what_it_answers_when_something_is_wrong(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema).items():
        problems = {
            status
            for status, each in operation["responses"].items()
            if "application/problem+json" in each.get("content", ())
        }
        expected = {"400"} if f"{API}/health" in name else {"400", "401", "429", "503"}
        assert problems >= expected | ({"404"} if "{id}" in name else set()), name


def test_a_like_taken_back_answers_with_its_state_as_a_like_does(schema: dict[str, Any]) -> None:
    like = schema["paths"][f"{API}/reels/{{id}}/like"]
    assert like["delete"]["responses"]["200"]["content"] == like["post"]["responses"]["200"]["content"]


def test_watches_are_accepted(schema: dict[str, Any]) -> None:
    for path in (f"{API}/reels/{{id}}/watch", f"{API}/reels/watch"):
        answers = schema["paths"][path]["post"]["responses"]
        assert [status for status in answers if status < "300"] == ["202"]


def test_the_limits_of_a_page_are_told(schema: dict[str, Any]) -> None:
    parameters = {each["name"]: each["schema"] for each in schema["paths"][f"{API}/reels"]["get"]["parameters"]}
    limit = parameters["limit"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (30, 50, 40)


def test_it_is_yaml_for_who_asks_for_nothing_else() -> None:
    answer = APIClient().get(f"{API}/schema")
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi")
    assert answer.content.startswith(b"openapi: 3.")


def test_the_page_shows_the_schema() -> None:
    answer = APIClient().get(f"{API}/docs")
    assert answer.status_code == 200
    assert f"{API}/schema" in answer.content.decode()


def test_a_feed_is_one_page_and_not_a_list_of_pages() -> None:
    answer = SchemaGenerator().get_schema(public=True)["paths"]["/api/v1/reels"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/FeedPage")
