"""Schedules through the API: the whole life of one, who may touch it, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

from orchestrator.definitions.models import Machine
from orchestrator.schedules import store
from orchestrator.schedules.models import Backfill, Schedule
from orchestrator.schedules.sweeping import sweep
from tests.api.cast import Caller

ALL = "/machines/parcel/schedules"
ONE = f"{ALL}/hourly"
BODY = {"kind": "cron", "rule": "0 * * * *", "zone": "Europe/Berlin"}
ROUTES = [  # method, address, body
    ("get", ALL, {}),
    ("post", ALL, {**BODY, "name": "second"}),
    ("get", ONE, {}),
    ("put", ONE, BODY),
    ("delete", ONE, None),
    ("post", f"{ONE}/pause", {}),
    ("post", f"{ONE}/resume", {}),
    ("get", f"{ONE}/firings", {}),
    ("get", f"{ONE}/backfills", {}),
    ("post", f"{ONE}/backfills", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}),
]


@pytest.fixture
def made(machine: Machine, caller: Caller) -> dict[str, Any]:
    status, body = caller.post(ALL, {**BODY, "name": "hourly", "context": {"weight": 2}})
    assert status == 201
    return dict(body)


def call(caller: Caller, method: str, address: str, body: dict[str, Any] | None) -> int:
    answer: tuple[int, Any]
    if method == "get":
        answer = caller.get(address)
    else:
        answer = caller.delete(address) if body is None else getattr(caller, method)(address, body)
    return answer[0]


def hours_ago(count: int) -> datetime:
    return store.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=count)


def test_a_schedule_is_made_read_changed_and_deleted(made: dict[str, Any], caller: Caller) -> None:
    assert (made["zone"], made["catchUp"], made["overlap"], made["context"]) == (
        "Europe/Berlin",
        "one",
        "allow",
        {"weight": 2},
    )
    assert caller.get(ALL) == (200, {"schedules": [made]})
    status, changed = caller.put(ONE, {**BODY, "rule": "30 * * * *", "overlap": "skip", "catchUp": "all"})
    assert (status, changed["rule"], changed["overlap"], changed["context"]) == (200, "30 * * * *", "skip", {})
    assert caller.get(ONE) == (200, changed)
    assert caller.delete(ONE) == (204, None)
    assert caller.get(ONE)[0] == 404


def test_a_pause_holds_and_a_resume_goes_on(made: dict[str, Any], caller: Caller) -> None:
    assert caller.post(f"{ONE}/pause", {})[1]["paused"] is True
    Schedule.objects.update(next_at=hours_ago(1))
    sweep()
    assert caller.get(f"{ONE}/firings") == (200, {"firings": []})
    resumed = caller.post(f"{ONE}/resume", {})[1]
    assert (resumed["paused"], resumed["nextAt"]) == (False, made["nextAt"])


def test_what_became_of_a_time_is_told(made: dict[str, Any], caller: Caller) -> None:
    Schedule.objects.update(next_at=hours_ago(0))
    sweep()
    firings = caller.get(f"{ONE}/firings")[1]["firings"]
    assert [(row["outcome"], row["due"]) for row in firings] == [("started", f"{hours_ago(0):%Y-%m-%dT%H:%M:%SZ}")]
    assert caller.get(ONE)[1]["last"] == firings[0]
    assert caller.get(f"/instances/{firings[0]['instance']}")[1]["key"] == f"hourly/{firings[0]['due']}"


def test_a_backfill_is_counted_then_done_once(made: dict[str, Any], caller: Caller) -> None:
    wish = {"from": hours_ago(5).isoformat(), "to": hours_ago(2).isoformat()}
    assert caller.post(f"{ONE}/backfills", {**wish, "dryRun": True}) == (200, {"total": 4, "existing": 0})
    assert Backfill.objects.count() == 0
    status, begun = caller.post(f"{ONE}/backfills", wish)
    assert (status, begun["total"], begun["started"], begun["finishedAt"]) == (202, 4, 0, None)
    sweep()
    ended = caller.get(f"{ONE}/backfills")[1]["backfills"][0]
    assert (ended["id"], ended["started"], ended["existing"]) == (begun["id"], 4, 0)
    assert ended["finishedAt"]
    assert caller.post(f"{ONE}/backfills", {**wish, "dryRun": True}) == (200, {"total": 4, "existing": 4})


def test_a_rule_is_previewed_across_a_change_of_clocks(caller: Caller) -> None:
    start = f"{store.now().year + 1}-03-20T00:00:00Z"
    body = {"kind": "cron", "rule": "30 2 * * *", "zone": "Europe/Berlin", "startsAt": start}
    status, shown = caller.post("/schedules/preview", body)
    assert (status, shown["words"], len(shown["times"])) == (200, "At 02:30 every day", 10)
    assert {time[11:] for time in shown["times"]} >= {"01:30:00Z", "01:00:00Z"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rule": "never"}, "rule"),
        ({"rule": "x" * 301}, "rule"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"kind": "weekly"}, "kind"),
        ({"startsAt": "2026-01-01T00:00:00"}, "startsAt"),
        ({"startsAt": "9999-12-31T23:59:59-12:00"}, "startsAt"),
        ({"startsAt": "0001-01-01T00:00:00+12:00"}, "startsAt"),
        ({"catchUp": "some"}, "catchUp"),
        ({"overlap": "perhaps"}, "overlap"),
        ({"context": {"a": "${b}"}}, "context"),
        ({"name": "Not A Name"}, "name"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    machine: Machine, caller: Caller, change: dict[str, Any], field: str
) -> None:
    status, body = caller.post(ALL, {**BODY, "name": "hourly", **change})
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "invalid", field)
    assert Schedule.objects.count() == 0


def test_a_name_is_taken_once(made: dict[str, Any], caller: Caller) -> None:
    status, body = caller.post(ALL, {**BODY, "name": "hourly"})
    assert (status, body["error"]["code"], body["error"]["field"]) == (409, "conflict", "name")


def test_a_backfill_of_the_future_is_refused(made: dict[str, Any], caller: Caller) -> None:
    wish = {"from": hours_ago(5).isoformat(), "to": hours_ago(-5).isoformat()}
    status, body = caller.post(f"{ONE}/backfills", wish)
    assert (status, body["error"]["field"]) == (422, "to")


@pytest.mark.parametrize(("method", "address", "body"), ROUTES)
def test_a_strangers_schedules_do_not_exist(
    made: dict[str, Any], method: str, address: str, body: dict[str, Any] | None
) -> None:
    assert call(Caller(User.objects.create_user("stranger")), method, address, body) == 404
    assert Schedule.objects.get().paused is False


@pytest.mark.parametrize(("method", "address", "body"), ROUTES)
def test_who_may_only_look_cannot_change(
    made: dict[str, Any], method: str, address: str, body: dict[str, Any] | None
) -> None:
    watcher = User.objects.create_user("watcher")
    watcher.user_permissions.add(Permission.objects.get(codename="view_machine"))
    assert call(Caller(watcher), method, address, body) == (200 if method == "get" else 404)
    assert (Schedule.objects.get().paused, Backfill.objects.count()) == (False, 0)


def test_a_preview_needs_a_token(caller: Caller) -> None:
    caller.token.revoked_at = store.now()
    caller.token.save()
    assert caller.post("/schedules/preview", BODY)[0] == 401
