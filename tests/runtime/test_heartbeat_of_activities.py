"""A callable tells how far it is: its lease is kept, the page shows it, and it stops when nobody waits any more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orchestrator.runtime import progress, recovery
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import StartRequest, cancel, start
from orchestrator.runtime.listings import instance_detail
from orchestrator.runtime.models import ActivityRun, Instance
from orchestrator.runtime.perform import LEASE, claim, perform
from orchestrator.runtime.progress import Progress
from orchestrator.runtime.veil import Veil
from orchestrator.sdk.activities import NobodyWaits, activity, heartbeat
from orchestrator.statechart.definition import JSON
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db(transaction=True)
seen: list[Any] = []
script: list[Any] = []


@activity("tests.long")
def long_work(details: JSON = None) -> JSON:
    """Beat with each entry of the script; an entry that can be called is called instead."""
    for entry in script or [details]:
        if callable(entry):
            entry()
        else:
            heartbeat(entry)
            seen.append(entry)
    return {"beats": len(seen)}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    seen.clear()
    script.clear()
    yield
    script.clear()


def begin(publish: Publish) -> Instance:
    work = {"id": "work", "kind": "python", "title": "Long work", "input": {"callable": "tests.long"}}
    draft = {"invoke": [{**work, "onDone": [{"target": "done"}]}], "on": [{"event": "skip", "target": "done"}]}
    started = start(StartRequest(publish(draft=draft).slug, "a"))
    drain()
    return Instance.objects.get(pk=started.instance)


def test_a_heartbeat_keeps_the_lease_and_is_shown_while_the_work_goes_on(publish: Publish) -> None:
    instance = begin(publish)
    root = get_user_model().objects.create_superuser("root")
    browser = Client()
    browser.force_login(root)

    def look() -> None:
        page = browser.get(reverse("admin:operations_instance", args=[instance.pk])).content.decode()
        seen.append("done 40, of 100" in page)
        run = ActivityRun.objects.get()
        assert run.lease_until is not None
        seen.append(run.lease_until > timezone.now() + timedelta(seconds=LEASE / 2))

    def forget() -> None:
        ActivityRun.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    script.extend([forget, {"done": 40, "of": 100}, look, lambda: seen.append(recovery.recover_leases())])
    assert perform(ActivityRun.objects.get().pk) == "done"
    assert seen == [{"done": 40, "of": 100}, True, True, 0]
    assert json.loads(ActivityRun.objects.get().progress) == {"done": 40, "of": 100}


def test_a_sign_of_life_of_an_earlier_attempt_is_not_shown_for_a_later_one(publish: Publish) -> None:
    instance = begin(publish)
    long_ago = timezone.now() - timedelta(hours=1)
    ActivityRun.objects.update(heartbeat_at=long_ago, progress='"old"', started_at=timezone.now(), status="running")
    detail = instance_detail(instance.pk)
    assert detail is not None
    assert (detail.activities[0].progress, detail.activities[0].heartbeat_at) == (None, None)


def test_the_work_stops_when_its_instance_does_not_wait_any_more(publish: Publish) -> None:
    instance = begin(publish)

    def stop() -> None:
        cancel(instance.pk, "not needed", "user:boss")
        drain()

    script.extend(["first", stop, "second"])
    assert perform(ActivityRun.objects.get().pk) == "late"
    assert seen == ["first"]
    run = ActivityRun.objects.get()
    assert (run.status, json.loads(run.progress)) == ("cancelled", "first")
    assert "NobodyWaits" in run.late


@pytest.mark.parametrize("details", ["x" * 2_001, {1, 2}, float("nan")])
def test_what_cannot_be_shown_fails_the_work_and_says_why(publish: Publish, details: Any) -> None:
    begin(publish)
    script.append(details)
    assert perform(ActivityRun.objects.get().pk) == "failed"
    assert ActivityRun.objects.get().last_error.startswith("InvalidHeartbeat: heartbeat: the details")


def test_heartbeats_in_quick_succession_cost_one_write(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(publish)
    monkeypatch.setattr(progress, "EVERY", 10.0)
    run = claim(ActivityRun.objects.get().pk)
    assert run is not None
    now = [0.0]
    report = Progress(run, LEASE, Veil(["a-secret-value"]), lambda: now[0])
    kept = []
    for moment in (0.0, 1.0, 9.0, 10.0):
        now[0] = moment
        report(f"a-secret-value at {moment:g}")
        kept.append(json.loads(ActivityRun.objects.get().progress))
    assert kept == ["[secret] at 0"] * 3 + ["[secret] at 10"]
    ActivityRun.objects.update(fence=9)
    now[0] = 30.0
    with pytest.raises(NobodyWaits):
        report("too late")


def test_outside_of_a_worker_a_heartbeat_does_nothing() -> None:
    heartbeat({"done": 1})
    assert long_work() == {"beats": 1}
