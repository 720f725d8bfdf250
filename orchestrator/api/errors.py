"""One shape for every refusal: `{"error": {"code", "message", "field"}}`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from orchestrator.api.strict_json import BodyError
from orchestrator.runtime.commands import CommandError

logger = logging.getLogger(__name__)

STATUS_OF: Mapping[str, int] = {
    "unknown-machine": 404,
    "unknown-instance": 404,
    "unknown-task": 404,
    "not-published": 409,
    "finished": 409,
    "conflict": 409,
    "too-large": 413,
    "invalid": 422,
}
GONE = (InterfaceError, OperationalError, psycopg.InterfaceError, psycopg.OperationalError)
UNAVAILABLE = "The database cannot be reached; nothing was stored. Try again shortly."
UNAUTHORIZED = "Send a valid token in the header: Authorization: Bearer <token>."


def answer(status: int, code: str, message: str, field: str = "") -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message, "field": field}}, status=status)


def plain(status: int) -> JsonResponse:
    """The answer for a status which no endpoint gave, such as an unknown address."""
    phrase = HTTPStatus(status).phrase
    return answer(status, phrase.lower().replace(" ", "-"), f"{phrase}; see the documentation at /api/v1/docs.")


def install(api: NinjaAPI) -> None:
    """Make the API answer every exception in the one shape."""
    handlers: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        AuthenticationError: lambda request, error: _unauthorized(),
        BodyError: lambda request, error: answer(400, "malformed", str(error)),
        CommandError: lambda request, error: answer(STATUS_OF[error.code], error.code, error.message, error.field),
        Http404: lambda request, error: answer(404, "not-found", str(error) or "There is nothing here."),
        HttpError: lambda request, error: _http_error(error),
        **dict.fromkeys(GONE, lambda request, error: answer(503, "unavailable", UNAVAILABLE)),
        RequestDataTooBig: lambda request, error: _too_large(),
        ValidationError: lambda request, error: _invalid(request, error.errors),
        Exception: lambda request, error: _unexpected(error),
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)


def _unauthorized() -> HttpResponse:
    response = answer(401, "unauthorized", UNAUTHORIZED)
    response["WWW-Authenticate"] = "Bearer"
    return response


def _too_large() -> HttpResponse:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    return answer(413, "too-large", f"The body is larger than {limit:,} bytes; send less at once.")


def _http_error(error: HttpError) -> HttpResponse:
    """Ninja wraps what the parser raised; its reason is what the client needs."""
    if isinstance(error.__cause__, BodyError):
        return answer(400, "malformed", str(error.__cause__))
    return answer(error.status_code, "refused", str(error))


def _invalid(request: HttpRequest, errors: Sequence[Mapping[str, Any]]) -> HttpResponse:
    first = errors[0]
    field = field_of(first["loc"])
    if first["type"] == "missing" and not field:
        if "Transfer-Encoding" in request.headers:  # the gateway interface gives Django no body without a length
            return answer(411, "length-required", "The body came in chunks; send it with a Content-Length.")
        return answer(422, "invalid", "Send a JSON object as the body.")
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    return answer(422, "invalid", f"{field}: {_sentence(first)}{more}", field)


def _sentence(error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return "this field is required"
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    return str(error["msg"]).removeprefix("Value error, ")[:300]


def field_of(location: Sequence[str | int]) -> str:
    """`("body", "payload", "events", 3, "event")` -> `events.3.event`; the first words say where ninja found it."""
    skipped = 2 if location and location[0] == "body" else 1
    return ".".join(str(part)[:80] for part in location[skipped:])


def _unexpected(error: Exception) -> HttpResponse:
    logger.error("The API failed", exc_info=error)
    return answer(500, "internal", "Something went wrong on the server and was logged; try again.")
