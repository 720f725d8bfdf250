"""Activities of kind `http`: one bounded request, no redirects, no private addresses, under an Idempotency-Key.

What is read from the answer are expressions over `status`, `headers` and `body`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from orchestrator.runtime.activities.guard import ForbiddenAddress, GuardedTransport
from orchestrator.runtime.activities.registry import ActivityError, ActivityRequest, known_keys, register, text_of
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.expressions import ExpressionError, Scope, check, evaluate, holds

KEYS = frozenset({"url", "method", "headers", "query", "json", "body", "response", "success"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
MAX_RESPONSE = 1_000_000  # bytes
MAX_URL = 4_000
TRY_AGAIN = frozenset({408, 425, 429})
KEPT_HEADERS = frozenset({"content-type", "location", "etag"})
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Asked:
    """Expressions over the answer: the fields of the result, by default all of it, and what counts as success."""

    fields: Mapping[str, str] | None
    success: str | None


@register("http")
def perform(request: ActivityRequest) -> JSON:
    """Send the request; the result is what `response` asks for, else {"status", "headers", "body"}.

    5xx, 408, 425 and 429 are errors of class `HTTP<status>` worth another attempt; other 4xx and 3xx are permanent.
    With `success` this expression alone says what is an error; of a 2xx it is of class `Unsuccessful`, to try again.
    """
    known_keys(request.input, KEYS)
    asked = response_of(request.input)
    deadline = time.monotonic() + request.timeout
    try:
        with (
            httpx.Client(
                transport=GuardedTransport(deadline), timeout=request.timeout, follow_redirects=False, trust_env=False
            ) as client,
            client.stream(**arguments(request)) as response,
        ):
            return result(response, read(response, deadline), asked)
    except ForbiddenAddress as error:
        raise ActivityError(str(error), "ForbiddenAddress", permanent=True) from error
    except httpx.TimeoutException as error:
        raise ActivityError(f"no answer within {request.timeout:g} s", "Timeout") from error
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise ActivityError(f"the request cannot be sent: {error}", "InvalidInput", permanent=True) from error
    except httpx.HTTPError as error:
        raise ActivityError(f"the host could not be reached: {error}", "ConnectionError") from error


def arguments(request: ActivityRequest) -> dict[str, Any]:
    """The arguments of httpx's `stream`, checked."""
    given = request.input
    body = "json" in given or "body" in given
    method = text_of(given, "method", "POST" if body else "GET").upper()
    url = text_of(given, "url")
    if method not in METHODS:
        raise ActivityError(f"input.method must be one of {', '.join(sorted(METHODS))}", "InvalidInput", permanent=True)
    if len(url) > MAX_URL or not url.lower().startswith(("http://", "https://")):
        raise ActivityError(
            f"input.url must be http or https and at most {MAX_URL} long", "InvalidInput", permanent=True
        )
    made: dict[str, Any] = {"method": method, "url": url, "headers": headers(request)}
    if given.get("query"):
        made["params"] = pairs(given["query"], "query")
    if "json" in given:
        made["json"] = given["json"]
    elif "body" in given:
        made["content"] = text_of(given, "body", "").encode()
    return made


def headers(request: ActivityRequest) -> dict[str, str]:
    """The chart's headers with our own; a line break in one is refused."""
    chosen = pairs(request.input.get("headers") or {}, "headers")
    for name, value in chosen.items():
        if any(char in f"{name}{value}" for char in "\r\n\0") or not f"{name}{value}".isascii():
            raise ActivityError(f"input.headers.{name!r} must be one line of ASCII", "InvalidInput", permanent=True)
    return {"User-Agent": "Signalbox", **chosen, "Idempotency-Key": ascii_key(request.idempotency_key)}


def ascii_key(key: str) -> str:
    """The key as a header can carry it: other characters are escaped, so that different keys stay different."""
    return json.dumps(key)[1:-1]


def pairs(value: JSON, key: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ActivityError(f"input.{key} must be a map", "InvalidInput", permanent=True)
    return {name: item if isinstance(item, str) else json.dumps(item) for name, item in value.items()}


def read(response: httpx.Response, deadline: float) -> bytes:
    """The whole body within the bounds of size and time."""
    received = bytearray()
    for part in response.iter_bytes(65_536):
        received += part
        if len(received) > MAX_RESPONSE:
            raise ActivityError(f"the answer is larger than {MAX_RESPONSE} bytes", "ResponseTooLarge", permanent=True)
        if time.monotonic() > deadline:
            raise ActivityError("the answer did not end in time", "Timeout")
    return bytes(received)


def result(response: httpx.Response, body: bytes, asked: Asked) -> JSON:
    """The answer as a value of the context; raises ActivityError for one that is no success."""
    text = body.decode("utf-8", errors="replace")
    headers = dict(response.headers)
    answer: dict[str, Any] = {
        "status": response.status_code,
        "headers": headers,
        "body": parsed(text) if "json" in headers.get("content-type", "") else text,
    }
    scope = Scope(answer)
    judge(response.status_code, scope, asked.success)
    if asked.fields is not None:
        return {name: mapped(f"response.{name}", text, evaluate, scope) for name, text in asked.fields.items()}
    return {**answer, "headers": {name: value for name, value in headers.items() if name in KEPT_HEADERS}}


def judge(status: int, scope: Scope, success: str | None) -> None:
    """Raises ActivityError unless the answer is a success."""
    if (200 <= status < 300) if success is None else mapped("success", success, holds, scope):
        return
    if status < 300:
        raise ActivityError("the answer does not fulfil input.success", "Unsuccessful")
    hint = "; redirects are not followed, use the final address" if status < 400 else ""
    permanent = status < 500 and status not in TRY_AGAIN
    raise ActivityError(f"the host answered {status}{hint}", f"HTTP{status}", permanent)


def mapped(name: str, text: str, value_of: Callable[[str, Scope], Value], scope: Scope) -> Value:
    """What an expression makes of the answer; the request is not sent again because of it."""
    try:
        return value_of(text, scope)
    except ExpressionError as error:
        raise ActivityError(f"input.{name} does not fit the answer: {error}", "ResponseMapping", True) from error


def response_of(given: Mapping[str, JSON]) -> Asked:
    """What is asked of the answer, checked before anything is sent."""
    fields, success = given.get("response"), given.get("success")
    if fields is not None and not isinstance(fields, dict):
        raise ActivityError("input.response must map names to expressions", "InvalidInput", permanent=True)
    named = None if fields is None else {name: expression(f"response.{name}", text) for name, text in fields.items()}
    return Asked(named, None if success is None else expression("success", success))


def expression(name: str, text: JSON) -> str:
    """An expression that compiles."""
    wrong = check(text, boolean=name == "success") if isinstance(text, str) else "it must be a text"
    if wrong:
        raise ActivityError(f"input.{name} is no expression: {wrong}", "InvalidInput", permanent=True)
    return str(text)


def parsed(text: str) -> JSON:
    try:
        value: JSON = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value
