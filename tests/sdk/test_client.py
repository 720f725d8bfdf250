"""The REST client over a transport of the test's own."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from orchestrator.sdk.client import ApiError, Client, Unreachable

Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer, pauses: list[float] | None = None) -> Client:
    slept = pauses if pauses is not None else []
    return Client("http://box.test/", "sbx_secret", transport=httpx.MockTransport(answer), sleep=slept.append)


def test_a_request_carries_the_token_and_the_fields() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"id": 7, "key": "o 1", "created": True})

    assert client_of(answer).start("order/1", "o 1", {"a": 1})["id"] == 7
    assert seen[0].headers["Authorization"] == "Bearer sbx_secret"
    assert seen[0].url.raw_path == b"/api/v1/machines/order%2F1/instances"
    assert json.loads(seen[0].content) == {"key": "o 1", "context": {"a": 1}, "correlation": ""}


def test_what_failed_on_the_way_is_sent_again_unchanged() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        if len(bodies) == 1:
            raise httpx.ConnectError("refused")
        if len(bodies) == 2:
            return httpx.Response(503, json={"error": {"code": "unavailable", "message": "later", "field": ""}})
        return httpx.Response(202, json={"status": "accepted", "event": 1, "instance": 7})

    pauses: list[float] = []
    sent = client_of(answer, pauses).send(7, "go", idempotency_key="k1")
    assert sent["status"] == "accepted"
    assert len(set(bodies)) == 1
    assert json.loads(bodies[0])["idempotencyKey"] == "k1"
    assert pauses == sorted(pauses)
    assert len(pauses) == 2


def test_a_refusal_is_not_repeated_and_names_the_field() -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(
            409, json={"error": {"code": "finished", "message": "It has ended.", "field": "instance"}}
        )

    with pytest.raises(ApiError) as caught:
        client_of(answer).send(7, "go", idempotency_key="k1")
    assert (caught.value.status, caught.value.code, caught.value.field) == (409, "finished", "instance")
    assert len(calls) == 1


def test_a_server_that_never_answers_is_unreachable() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow")

    with pytest.raises(Unreachable, match="does not answer"):
        client_of(answer).machines()


def test_a_server_that_is_not_signalbox_is_said_so() -> None:
    with pytest.raises(ApiError, match="is this the address of Signalbox"):
        client_of(lambda request: httpx.Response(200, text="<html>")).machines()
    with pytest.raises(ApiError, match="is this the address of Signalbox"):
        client_of(lambda request: httpx.Response(404, text="<html>")).machines()


def test_finding_an_unknown_key_answers_none() -> None:
    assert client_of(lambda request: httpx.Response(200, json={"instances": []})).find("order", "x") is None
