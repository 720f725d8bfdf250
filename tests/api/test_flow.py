"""Starting, sending and reading through the API."""

from __future__ import annotations

from datetime import datetime

from orchestrator.definitions.models import Machine
from tests.api.cast import Caller, drain, stored


def test_a_start_is_created_once(machine: Machine, caller: Caller) -> None:
    status, first = caller.post("/machines/parcel/instances", {"key": "p1", "context": {"weight": 3}})
    assert (status, first["created"]) == (201, True)
    before = stored()
    status, second = caller.post("/machines/parcel/instances", {"key": "p1"})
    assert (status, second["id"], second["created"]) == (200, first["id"], False)
    assert stored() == before


def test_an_event_is_acknowledged_and_then_applied(machine: Machine, caller: Caller) -> None:
    _, started = caller.post("/machines/parcel/instances", {"key": "p1", "context": {"weight": 3}})
    path = f"/instances/{started['id']}"
    status, answer = caller.post(f"{path}/events", {"event": "collect", "data": {"by": "Ada"}, "idempotencyKey": "k1"})
    assert (status, answer["status"], answer["instance"]) == (202, "accepted", started["id"])
    assert caller.get(path)[1]["pending"] == 2
    drain()
    _, instance = caller.get(path)
    assert (instance["states"], instance["context"], instance["pending"]) == (["travelling"], {"weight": 3}, 0)
    assert (instance["machine"], instance["version"], instance["status"]) == ("parcel", 1, "running")
    assert set(instance["entered"]) == {"travelling"}


def test_the_same_key_answers_as_the_first_time_and_another_payload_is_a_conflict(
    machine: Machine, caller: Caller
) -> None:
    _, started = caller.post("/machines/parcel/instances", {"key": "p1"})
    path = f"/instances/{started['id']}/events"
    _, first = caller.post(path, {"event": "collect", "idempotencyKey": "k1"})
    before = stored()
    status, again = caller.post(path, {"event": "collect", "idempotencyKey": "k1"})
    assert (status, again["status"], again["event"]) == (200, "duplicate", first["event"])
    status, refused = caller.post(path, {"event": "hand.over", "idempotencyKey": "k1"})
    assert (status, refused["error"]["code"]) == (409, "conflict")
    assert stored() == before


def test_the_journal_is_read_in_pages(machine: Machine, caller: Caller) -> None:
    _, started = caller.post("/machines/parcel/instances", {"key": "p1"})
    path = f"/instances/{started['id']}"
    for name in ("collect", "sing", "hand.over"):
        caller.post(f"{path}/events", {"event": name})
    drain()
    status, page = caller.get(f"{path}/journal", limit=3)
    assert (status, page["next"]) == (200, 3)
    _, rest = caller.get(f"{path}/journal", after=page["next"], limit=3)
    rows = page["entries"] + rest["entries"]
    assert rest["next"] is None
    assert [(row["name"], row["outcome"]) for row in rows[1:]] == [
        ("collect", "applied"),
        ("sing", "ignored"),
        ("hand.over", "applied"),
    ]
    assert {row["actor"] for row in rows} == {"token:ada/ci"}


def test_bulk_events_get_one_answer_each_in_their_order(machine: Machine, caller: Caller) -> None:
    events = [
        {"instance": "p1", "event": "collect", "start": True, "idempotencyKey": "1"},
        {"instance": "p2", "event": "collect"},
        {"instance": "p1", "event": "hand.over", "idempotencyKey": "2"},
        {"instance": "p1", "event": "collect", "start": True, "idempotencyKey": "1"},
    ]
    status, answer = caller.post("/machines/parcel/events", {"events": events})
    assert status == 207
    assert [item["status"] for item in answer["items"]] == ["accepted", "refused", "accepted", "duplicate"]
    assert (answer["items"][1]["code"], answer["accepted"], answer["refused"]) == ("unknown-instance", 2, 1)
    drain()
    _, found = caller.get("/machines/parcel/instances", key="p1")
    assert [(row["key"], row["status"], row["states"]) for row in found["instances"]] == [
        ("p1", "completed", ["delivered"])
    ]
    assert caller.get("/machines/parcel/instances", key="p2")[1]["instances"] == []


def test_an_event_may_tell_when_it_happened(machine: Machine, caller: Caller) -> None:
    moment = "2011-10-01T00:38:44.546000+02:00"
    events = [{"instance": "p1", "event": "collect", "start": True, "occurredAt": moment}]
    assert caller.post("/machines/parcel/events", {"events": events})[0] == 200
    drain()
    _, found = caller.get("/machines/parcel/instances", key="p1")
    _, instance = caller.get(f"/instances/{found['instances'][0]['id']}")
    assert datetime.fromisoformat(instance["entered"]["travelling"]) == datetime.fromisoformat(moment)


def test_the_summary_counts_states_and_what_became_of_a_source(machine: Machine, caller: Caller) -> None:
    events = [
        {"instance": f"p{number}", "event": name, "start": True, "source": "depot"}
        for number in range(3)
        for name in ("collect", "sing")
    ]
    caller.post("/machines/parcel/events", {"events": events})
    assert caller.get("/machines/parcel/summary")[1]["pending"] == 9
    drain()
    _, summary = caller.get("/machines/parcel/summary", source="depot")
    assert [(row["state"], row["count"]) for row in summary["states"]] == [("travelling", 3)]
    assert (summary["running"], summary["pending"], summary["outcomes"]) == (3, 0, {"applied": 3, "ignored": 3})


def test_machines_and_instances_are_listed(machine: Machine, caller: Caller) -> None:
    for number in range(3):
        caller.post("/machines/parcel/instances", {"key": f"p{number}"})
    _, found = caller.get("/machines")
    parcel = {"slug": "parcel", "title": "Parcel", "description": "", "version": 1, "keyPolicy": "existing"}
    assert found == {"machines": [parcel]}
    _, page = caller.get("/machines/parcel/instances", limit=2, page=2)
    assert ([row["key"] for row in page["instances"]], page["total"], page["pages"]) == (["p0"], 3, 2)


def test_a_machine_says_what_a_taken_key_means(machine: Machine, caller: Caller) -> None:
    assert caller.get("/machines")[1]["machines"][0]["keyPolicy"] == "existing"
    first = caller.post("/machines/parcel/instances", {"key": "p1"})[1]["id"]
    assert caller.post("/machines/parcel/instances", {"key": "p1"}) == (
        200,
        {"id": first, "key": "p1", "created": False},
    )
    Machine.objects.update(key_policy="refuse")
    status, refused = caller.post("/machines/parcel/instances", {"key": "p1"})
    assert (status, refused["error"]["code"], refused["error"]["field"]) == (409, "conflict", "key")
    Machine.objects.update(key_policy="new")
    drain()
    events = [{"instance": "p1", "event": name} for name in ("collect", "hand.over")]
    assert caller.post("/machines/parcel/events", {"events": events})[0] == 200
    drain()
    status, again = caller.post("/machines/parcel/instances", {"key": "p1"})
    assert (status, again["created"], again["id"] != first) == (201, True, True)
    found = caller.get("/machines/parcel/instances", key="p1")[1]["instances"]
    assert [row["id"] for row in found] == [again["id"]]
