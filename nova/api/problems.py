"""Every error as `application/problem+json` (RFC 9457) with a stable `code`."""

from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import Error, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from nova.clients.clickhouse import ClickHouseError
from nova.clients.redis import RedisError
from nova.errors import BodyTooLargeError, ConflictError, EngineAwayError, NovaError

log = structlog.get_logger(__name__)
CONTENT_TYPE = "application/problem+json"
CODES = {
    400: "invalid_input",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
    500: "internal_error",
    503: "temporarily_unavailable",
}
TITLES = {status: HTTPStatus(status).phrase for status in CODES}
FIELD_ERRORS_TITLE = "The request is not valid"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler: what an exception looks like to a client."""
    set_rollback()
    request = context["request"]
    known = _as_known(error)
    if isinstance(known, NovaError):
        return _respond(request, known.status, known.code, known.title, known.detail, known.data, known.retry_after)
    if isinstance(known, exceptions.APIException):
        return _from_api_exception(request, known)
    log.exception("request_failed", exc_info=error)
    return _respond(request, 500, "internal_error", TITLES[500], "Something went wrong here. Quote the request id.", {})


def _as_known(error: Exception) -> Exception:
    """The API's own word for what Django and the drivers raise."""
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, RequestDataTooBig):
        return BodyTooLargeError()
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError("The request is malformed.")
    if isinstance(error, IntegrityError):
        return ConflictError()
    if isinstance(error, Error):
        log.error("database_failed", error=type(error).__name__)
        return EngineAwayError()
    if isinstance(error, (RedisError, ClickHouseError)):
        log.error("engine_failed", error=type(error).__name__)
        return EngineAwayError()
    return error


def _from_api_exception(request: Any, error: exceptions.APIException) -> Response:
    status = error.status_code
    retry_after = getattr(error, "wait", None)
    if isinstance(error, exceptions.ValidationError):
        data = {"errors": _flatten(error.detail)}
        return _respond(request, status, "invalid_input", FIELD_ERRORS_TITLE, _first_sentence(data["errors"]), data)
    code = _specific_code(error) or CODES.get(status, "error")
    title = TITLES.get(status, "Error")
    response = _respond(request, status, code, title, str(error.detail), {}, retry_after)
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _specific_code(error: exceptions.APIException) -> str | None:
    codes = error.get_codes()
    return codes if isinstance(codes, str) and codes in {"invalid_token"} else None


def _respond(
    request: Any,
    status: int,
    code: str,
    title: str,
    detail: str,
    data: dict[str, Any],
    retry_after: float | None = None,
) -> Response:
    response = Response(body(request, status, code, title, detail, data), status=status, content_type=CONTENT_TYPE)
    if retry_after is not None:
        response["Retry-After"] = str(max(1, round(retry_after)))
    return response


def body(request: Any, status: int, code: str, title: str, detail: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": f"urn:nova:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": getattr(request, "request_id", ""),
        **data,
    }


def _flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    """DRF's nested error details as a flat list of `{"field", "code", "detail"}`."""
    if isinstance(detail, dict):
        return [each for key, value in detail.items() for each in _flatten(value, f"{path}.{key}".lstrip("."))]
    if isinstance(detail, list):
        return [each for value in detail for each in _flatten(value, path)]
    return [
        {
            "field": path or "non_field_errors",
            "code": getattr(detail, "code", "invalid"),
            "detail": str(detail),
        }
    ]


def _first_sentence(errors: list[dict[str, str]]) -> str:
    return f"{errors[0]['field']}: {errors[0]['detail']}" if errors else FIELD_ERRORS_TITLE


def _plain(request: HttpRequest, status: int) -> HttpResponse:
    title = TITLES[status]
    answer = body(request, status, CODES[status], title, title, {})
    return HttpResponse(orjson.dumps(answer), status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _plain(request, 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _plain(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _plain(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _plain(request, 500)
