"""A REST client for Signalbox: `with Client(url, token) as client: client.start("order-fulfilment", "order-1")`.

What failed on the way (no connection, a 5xx answer, 429) is sent again with the same keys, so nothing is doubled.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import NotRequired, Self, TypedDict, cast
from urllib.parse import quote

import httpx

from orchestrator.statechart.definition import JSON

API_PATH = "/api/v1"
ATTEMPTS = 6
FIRST_PAUSE = 0.25  # seconds, doubled after each attempt
LONGEST_PAUSE = 5.0
TIMEOUT = 60.0  # seconds
RETRIED = frozenset({429, 500, 502, 503, 504})


class EventItem(TypedDict):
    """One event of a bulk request; `instance` is the business key, `occurredAt` ISO 8601 with an offset."""

    instance: str
    event: str
    data: NotRequired[Mapping[str, JSON]]
    idempotencyKey: NotRequired[str]
    occurredAt: NotRequired[str]
    source: NotRequired[str]
    start: NotRequired[bool]


class EventAnswer(TypedDict):
    status: str  # accepted | duplicate | refused
    event: int | None
    instance: int | None
    code: str
    message: str
    field: str


class BulkAnswer(TypedDict):
    accepted: int
    duplicate: int
    refused: int
    items: list[EventAnswer]


class Started(TypedDict):
    id: int
    key: str
    created: bool


class Instance(TypedDict):
    """`machine`, `seq`, `pending`, `context` and `entered` are there when one instance was asked for by its id."""

    id: int
    key: str
    correlation: str
    version: int
    status: str
    states: list[str]
    startedAt: str
    updatedAt: str
    finishedAt: str | None
    stuck: bool
    machine: NotRequired[str]
    seq: NotRequired[int]
    pending: NotRequired[int]
    context: NotRequired[dict[str, JSON]]
    entered: NotRequired[dict[str, str]]


class JournalRow(TypedDict):
    seq: int
    kind: str
    name: str
    outcome: str
    data: dict[str, JSON]
    detail: dict[str, JSON]
    source: str
    actor: str
    occurredAt: str
    recordedAt: str


class JournalPage(TypedDict):
    entries: list[JournalRow]
    next: int | None


class StateCount(TypedDict):
    state: str
    title: str
    count: int
    stuck: int
    oldest: str | None


class Summary(TypedDict):
    machine: str
    running: int
    finished: int
    failed: int
    stuck: int
    pending: int
    states: list[StateCount]
    outcomes: dict[str, int]


class Machine(TypedDict):
    slug: str
    title: str
    description: str
    version: int | None


class ApiError(Exception):
    """The server refused: `status` is the HTTP status, `field` the offending input, if one is to blame."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


class Unreachable(Exception):
    """The server did not answer in any of the attempts; whether the last request was carried out is unknown."""


class Client:
    """Safe to use from several threads; with `sleep` and `transport` given it needs neither time nor a network."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        attempts: int = ATTEMPTS,
        timeout: float = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        base = url.rstrip("/").removesuffix(API_PATH) + API_PATH
        headers = {"Authorization": f"Bearer {token}"}
        try:
            self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout, transport=transport)
        except (httpx.InvalidURL, UnicodeEncodeError):
            raise ValueError("The address or the token holds a character that cannot be sent.") from None
        self._url = url
        self._attempts = attempts
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def machines(self) -> list[Machine]:
        """The machines which the token may see."""
        return cast(list[Machine], self._get("/machines")["machines"])

    def start(
        self,
        machine: str,
        key: str,
        context: Mapping[str, JSON] | None = None,
        *,
        correlation: str = "",
        occurred_at: datetime | None = None,
    ) -> Started:
        """Start an instance, or find the one of this key (`created` is False). Raises ApiError, Unreachable."""
        body: dict[str, object] = {"key": key, "context": dict(context or {}), "correlation": correlation}
        if occurred_at:
            body["occurredAt"] = occurred_at.isoformat()
        return cast(Started, self._post(f"/machines/{_segment(machine)}/instances", body))

    def send(
        self,
        instance: int,
        event: str,
        data: Mapping[str, JSON] | None = None,
        *,
        idempotency_key: str,
        source: str = "",
        occurred_at: datetime | None = None,
    ) -> EventAnswer:
        """Send one event. The key makes a repeat harmless. Raises ApiError, Unreachable."""
        body: dict[str, object] = {"event": event, "data": dict(data or {}), "idempotencyKey": idempotency_key}
        if source:
            body["source"] = source
        if occurred_at:
            body["occurredAt"] = occurred_at.isoformat()
        return cast(EventAnswer, self._post(f"/instances/{instance}/events", body))

    def send_many(self, machine: str, events: Sequence[EventItem]) -> list[EventAnswer]:
        """Send up to 1,000 events; one answer per item, in order. Raises ApiError, Unreachable."""
        answer = cast(BulkAnswer, self._post(f"/machines/{_segment(machine)}/events", {"events": list(events)}))
        return answer["items"]

    def instance(self, pk: int) -> Instance:
        return cast(Instance, self._get(f"/instances/{pk}"))

    def find(self, machine: str, key: str) -> Instance | None:
        """The instance of a business key, or None."""
        found = cast(list[Instance], self._get(f"/machines/{_segment(machine)}/instances", key=key)["instances"])
        return found[0] if found else None

    def journal(self, pk: int, after: int = 0, limit: int = 200) -> JournalPage:
        """Rows with seq > `after`, oldest first; `next` is the `after` of the following page."""
        return cast(JournalPage, self._get(f"/instances/{pk}/journal", after=after, limit=limit))

    def summary(self, machine: str, source: str = "") -> Summary:
        """Counts per state, and what became of the events of a source."""
        return cast(Summary, self._get(f"/machines/{_segment(machine)}/summary", source=source))

    def _get(self, path: str, **query: str | int) -> dict[str, object]:
        return self._request(lambda: self._http.get(path, params=query))

    def _post(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        return self._request(lambda: self._http.post(path, json=body))

    def _request(self, call: Callable[[], httpx.Response]) -> dict[str, object]:
        """Call until there is an answer that will not change. Every call is idempotent through its keys."""
        for attempt in range(self._attempts):
            if attempt:
                self._sleep(min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE))
            try:
                response = call()
            except httpx.TransportError as error:
                failure: Exception = Unreachable(f"{self._url} does not answer ({type(error).__name__}).")
                continue
            if response.status_code not in RETRIED:
                return _result(response)
            failure = _refusal(response)
        raise failure


def _segment(text: str) -> str:
    return quote(text, safe="")


def _result(response: httpx.Response) -> dict[str, object]:
    if response.status_code >= 300:
        raise _refusal(response)
    try:
        return cast(dict[str, object], response.json())
    except ValueError:
        raise ApiError(
            response.status_code, "not-json", "The answer is not JSON; is this the address of Signalbox?"
        ) from None


def _refusal(response: httpx.Response) -> ApiError:
    try:
        error = response.json()["error"]
        return ApiError(response.status_code, error["code"], error["message"], error["field"])
    except (ValueError, KeyError, TypeError):
        message = f"The server answered {response.status_code}; is this the address of Signalbox?"
        return ApiError(response.status_code, "unknown", message)
