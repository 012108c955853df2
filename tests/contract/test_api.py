"""Whatever a client sends to an endpoint: no 500, and no answer that the schema does not document."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from nova.api import jwt
from nova.wsgi import application
from reels.models import Video
from tests.conftest import API

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 25
SCHEMA = schemathesis.openapi.from_wsgi(f"{API}/schema?format=json", application)
OPERATIONS: list[Any] = [each.ok() for each in SCHEMA.get_all_operations()]  # type: ignore[union-attr]
VIDEO = uuid.UUID("0199e4b2-1111-7000-8000-000000000001")
RUN = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


def takes_something(operation: Any) -> bool:
    """Whether there is anything to get wrong: parameters or a body."""
    return bool(operation.body or operation.query or operation.path_parameters)


def check(operation: Any, mode: GenerationMode) -> None:
    headers = {"Authorization": f"Bearer {jwt.sign('ann', lifetime=600)}"}

    @RUN
    @given(case=operation.as_strategy(generation_mode=mode), known=strategies.booleans())
    def call(case: Any, known: bool) -> None:
        if known and "/reels/{id}" in operation.path:
            case.path_parameters["id"] = str(VIDEO)
        case.call_and_validate(checks=CHECKS, headers=headers)

    call()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_what_the_schema_allows_gets_a_documented_answer(operation: Any, make_video: Callable[..., Video]) -> None:
    make_video(id=VIDEO)
    check(operation, GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", list(filter(takes_something, OPERATIONS)), ids=lambda operation: operation.label)
def test_what_the_schema_forbids_gets_a_documented_answer(operation: Any, make_video: Callable[..., Video]) -> None:
    make_video(id=VIDEO)
    check(operation, GenerationMode.NEGATIVE)
