"""Bad input: a clear 4xx in one shape, nothing stored, never a 5xx."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from tests.api.cast import DOCUMENT, Caller, drain, stored

START = "/machines/parcel/instances"
EVENTS = "/machines/parcel/events"
OK = {"instance": "p1", "event": "collect"}


@pytest.fixture
def instance(machine: Machine, caller: Caller) -> int:
    return int(caller.post(START, {"key": "p1"})[1]["id"])


def refused(answer: tuple[int, Any], before: tuple[int, ...]) -> tuple[int, str, str]:
    """Status, code and field of a refusal which stored nothing."""
    status, body = answer
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "field"}
    assert body["error"]["message"]
    assert stored() == before
    return status, body["error"]["code"], body["error"]["field"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ('"x"', "must be a JSON object"),
        (b"\xff\xfe", "not UTF-8"),
        ('{"key": "a", "key": "b"}', "occurs twice"),
        ('{"key": "a", "context": {"n": NaN}}', "NaN is not"),
        ('{"key": "a", "context": {"n": -Infinity}}', "Infinity is not"),
        ('{"key": "a", "context": {"n": 1e999}}', "too large"),
        ('{"key": "a", "context": {"n": 99999999999999999999}}', "64 bits"),
        ('{"key": "a", "context": {"n": "\\u0000"}}', "NUL"),
        ('{"key": "a", "context": {"\\ud800": 1}}', "surrogate"),
        ('{"key": "a", "context": ' + '{"a":' * 70 + "1" + "}" * 71, "deeper than 64"),
        ("[" * 200_000, "deeper than 64"),
        ('{"a":' * 200_000, "deeper than 64"),
    ],
)
def test_malformed_json_is_400_with_the_reason(instance: int, caller: Caller, text: str | bytes, said: str) -> None:
    before = stored()
    for path in (START, EVENTS, f"/instances/{instance}/events"):
        answer = caller.post(path, text)
        assert refused(answer, before) == (400, "malformed", "")
        assert said in answer[1]["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "key"),
        ({"key": ""}, "key"),
        ({"key": 7}, "key"),
        ({"key": "a\nb"}, "key"),
        ({"key": "x" * 201}, "key"),
        ({"key": "a", "context": []}, "context"),
        ({"key": "a", "contxt": {}}, "contxt"),
        ({"key": "a", "correlation": None}, "correlation"),
        ({"key": "a", "occurredAt": "yesterday"}, "occurredAt"),
        ({"key": "a", "occurredAt": "2011-10-01T00:00:00"}, "occurredAt"),
        ({"key": "a", "occurredAt": "0001-01-01T00:00:00+14:00"}, "occurredAt"),
        ({"key": "a", "occurredAt": "9999-12-31T23:59:59Z"}, "occurredAt"),
    ],
)
def test_a_wrong_or_missing_field_of_a_start_is_422_and_named(
    instance: int, caller: Caller, body: dict[str, Any], field: str
) -> None:
    assert refused(caller.post(START, body), stored()) == (422, "invalid", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "events"),
        ({"events": []}, "events"),
        ({"events": [OK] * 1_001}, "events"),
        ({"events": [OK, {"instance": "p1"}]}, "events.1.event"),
        ({"events": [{**OK, "data": None}]}, "events.0.data"),
        ({"events": [{**OK, "start": "perhaps"}]}, "events.0.start"),
        ({"events": [{**OK, "idempotencykey": "k"}]}, "events.0.idempotencykey"),
    ],
)
def test_one_malformed_item_refuses_the_whole_request(
    instance: int, caller: Caller, body: dict[str, Any], field: str
) -> None:
    assert refused(caller.post(EVENTS, body), stored()) == (422, "invalid", field)


def test_a_body_that_is_missing_is_422(instance: int, caller: Caller) -> None:
    assert refused(caller.post(START, ""), stored()) == (422, "invalid", "")


def test_an_unknown_machine_or_instance_is_404(instance: int, caller: Caller) -> None:
    before = stored()
    answers = [
        caller.post("/machines/unknown/instances", {"key": "a"}),
        caller.post("/machines/unknown/events", {"events": [OK]}),
        caller.get("/machines/unknown/summary"),
        caller.post("/instances/999999/events", {"event": "collect"}),
        caller.get("/instances/999999"),
        caller.get("/instances/0"),
        caller.get("/instances/99999999999999999999999999"),
        caller.get("/instances/999999/journal"),
    ]
    assert {refused(answer, before)[0] for answer in answers} == {404}


def test_an_unknown_address_and_a_wrong_method_answer_in_the_same_shape(instance: int, caller: Caller) -> None:
    before = stored()
    assert refused(caller.get("/nothing"), before)[0] == 404
    assert refused(caller.get("/machines/a%00b/summary"), before)[0] == 404
    assert refused(caller.post("/machines", {}), before)[0] == 405
    assert refused(caller.post(f"/instances/{instance}", {}), before)[0] == 405


def test_a_finished_instance_takes_no_event(instance: int, caller: Caller) -> None:
    for name in ("collect", "hand.over"):
        caller.post(f"/instances/{instance}/events", {"event": name})
    drain()
    before = stored()
    assert refused(caller.post(f"/instances/{instance}/events", {"event": "collect"}), before)[:2] == (409, "finished")
    status, answer = caller.post(EVENTS, {"events": [OK]})
    assert (status, answer["items"][0]["code"]) == (207, "finished")
    assert stored() == before


def test_an_unpublished_machine_starts_nothing(ada: User, caller: Caller) -> None:
    create_machine(ada, "Draft", DOCUMENT)
    assert refused(caller.post("/machines/draft/instances", {"key": "a"}), stored())[:2] == (409, "not-published")


def test_a_body_over_two_megabytes_is_413_before_it_is_parsed(instance: int, caller: Caller) -> None:
    before = stored()
    for body in ("[" * 2_000_001, json.dumps({"key": "a", "context": {"x": "y" * 2_000_000}})):
        assert refused(caller.post(START, body), before)[:2] == (413, "too-large")


def test_data_past_the_bound_of_an_event_is_413(instance: int, caller: Caller) -> None:
    body = {"event": "collect", "data": {"x": "y" * 600_000}}
    assert refused(caller.post(f"/instances/{instance}/events", body), stored())[:2] == (413, "too-large")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 10_000}, {"page": -1}, {"page": "x"}, {"key": "a\0b"}])
def test_a_wrong_query_is_422_and_named(instance: int, caller: Caller, query: dict[str, Any]) -> None:
    assert refused(caller.get(START, **query), stored()) == (422, "invalid", next(iter(query)))


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
names = st.sampled_from(["key", "context", "correlation", "occurredAt", "event", "data", "events", "instance", "start"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(body=values, path=st.sampled_from([START, EVENTS, "instance"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_body_ever_gives_a_5xx(instance: int, caller: Caller, body: object, path: str) -> None:
    path = f"/instances/{instance}/events" if path == "instance" else path
    status, answer = caller.post(path, body)
    assert status < 500, answer
    if status >= 400:
        assert set(answer["error"]) == {"code", "message", "field"}


@given(body=st.binary(max_size=60))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_ever_give_a_5xx(instance: int, caller: Caller, body: bytes) -> None:
    assert caller.post(START, body)[0] < 500


def test_reading_needs_no_csrf_token_and_writing_takes_no_session(machine: Machine, ada: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ada)
    assert browser.post(f"/api/v1{START}", "{}", content_type="application/json").status_code == 401


def test_a_body_in_chunks_is_refused_with_the_mend(machine: Machine, caller: Caller) -> None:
    headers = {"Authorization": f"Bearer {caller.secret}", "Transfer-Encoding": "chunked"}
    address = f"/api/v1/machines/{machine.slug}/instances"
    answer = Client().post(address, b"", content_type="application/json", headers=headers)
    assert answer.status_code == 411
    assert "Content-Length" in answer.content.decode()
