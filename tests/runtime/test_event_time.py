"""Event time: a history that is replayed or comes late gives what it would have given live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send_many, start
from orchestrator.runtime.models import ActivityRun, Instance, JournalEntry, Timer
from orchestrator.runtime.perform import perform
from orchestrator.runtime.verify import problems
from tests.runtime.conftest import Publish

LONG_AGO = datetime(2011, 10, 1, 12, tzinfo=UTC)
REMINDED: dict[str, Any] = {
    "signalbox": 1,
    "id": "claim",
    "initial": "open",
    "states": {
        "open": {
            "after": [{"delay": "PT1H", "target": "reminded"}],
            "on": [{"event": "answer", "target": "answered"}, {"event": "note"}],
        },
        "reminded": {
            "after": [{"delay": "PT1H", "target": "closed"}],
            "on": [{"event": "answer", "target": "late"}],
        },
        "answered": {},
        "late": {},
        "closed": {},
    },
}


def happened(*events: tuple[str, float]) -> list[EventRequest]:
    """Events so many minutes after LONG_AGO."""
    return [
        EventRequest(name, machine="machine-1", key="a", occurred_at=LONG_AGO + timedelta(minutes=minutes))
        for name, minutes in events
    ]


def journaled() -> list[tuple[str, float]]:
    """What was applied, with its minutes after LONG_AGO."""
    rows = JournalEntry.objects.order_by("seq").values_list("name", "occurred_at")
    return [(name, (at - LONG_AGO).total_seconds() / 60) for name, at in rows]


@pytest.mark.parametrize(
    ("events", "ends"),
    [
        ([("answer", 59)], "answered"),
        ([("answer", 61)], "late"),
        ([("answer", 121)], "closed"),
        ([("note", 30), ("note", 59), ("answer", 61)], "late"),
        ([("note", 90), ("answer", 91)], "late"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after another"])
def test_timers_fire_between_the_events_of_a_replayed_history(
    publish: Publish, events: list[tuple[str, float]], ends: str, together: bool
) -> None:
    start(StartRequest(publish(REMINDED).slug, "a", occurred_at=LONG_AGO))
    for group in [happened(*events)] if together else [[one] for one in happened(*events)]:
        if not together:
            drain()
        send_many(group)
    drain()
    assert Instance.objects.get().configuration == ends
    assert list(problems()) == []


def test_what_fired_on_the_way_is_journaled_at_its_own_time(publish: Publish) -> None:
    start(StartRequest(publish(REMINDED).slug, "a", occurred_at=LONG_AGO))
    send_many(happened(("note", 10), ("answer", 200)))
    drain()
    assert journaled() == [
        ("start", 0),
        ("note", 10),
        ("after.open/after/0", 60),
        ("after.reminded/after/0", 120),
        ("answer", 200),
    ]
    assert not Timer.objects.exists()
    assert Instance.objects.get().next_due is None


def test_a_timer_of_the_past_waits_for_the_rest_of_the_history_and_fires_at_last(publish: Publish) -> None:
    start(StartRequest(publish(REMINDED).slug, "a", occurred_at=LONG_AGO))
    drain()
    assert journaled() == [("start", 0)]
    waits = Timer.objects.get()
    assert waits.due == LONG_AGO + timedelta(hours=1)
    assert timezone.now() < waits.wake < timezone.now() + timedelta(minutes=1)
    Timer.objects.update(wake=LONG_AGO)
    drain()
    assert journaled() == [("start", 0), ("after.open/after/0", 60)]


def test_a_timer_of_the_present_wakes_when_it_is_due(publish: Publish) -> None:
    start(StartRequest(publish(REMINDED).slug, "a"))
    drain()
    timer = Timer.objects.get()
    assert timer.wake == timer.due
    assert Instance.objects.get().next_due == timer.due


def test_the_clock_of_an_instance_never_goes_back(publish: Publish) -> None:
    start(StartRequest(publish(REMINDED).slug, "a", occurred_at=LONG_AGO))
    send_many(happened(("note", 30), ("answer", 20)))
    drain()
    assert journaled()[-1] == ("answer", 30)
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_the_result_of_an_activity_comes_as_long_after_the_question_as_it_took(publish: Publish) -> None:
    calls = {"id": "call", "kind": "python", "input": {"callable": "payments.refund", "args": {"payment": "p"}}}
    machine = publish(
        {
            "signalbox": 1,
            "id": "m",
            "initial": "a",
            "states": {
                "a": {
                    "invoke": [{**calls, "onDone": [{"target": "b"}]}],
                    "after": [{"delay": "P1D", "target": "c"}],
                },
                "b": {},
                "c": {},
            },
        }
    )
    start(StartRequest(machine.slug, "a", occurred_at=LONG_AGO))
    drain()
    perform(ActivityRun.objects.get().pk)
    drain()
    assert Instance.objects.get().configuration == "b"
    name, minutes = journaled()[-1]
    assert name == "done.invoke.call"
    assert 0 <= minutes < 10
