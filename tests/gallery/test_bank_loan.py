"""The bank's real loan log through the pure core."""

from __future__ import annotations

import os
from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from orchestrator.sdk.eventlog import LogEvent, read
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.transition import Event, start, transition
from tests.gallery.driver import BEGINNING, ENVIRONMENT, Run, chart_named

DATA = Path(os.environ.get("SIGNALBOX_DATA", Path(__file__).parents[3] / "shared" / "data"))
LOG = DATA / "loan-applications-2012.csv.gz"
CHART = chart_named("bank-loan")


def outcome_of(events: list[LogEvent]) -> tuple[Snapshot, int]:
    """Where the case ends, and how many of its events moved it or were taken."""
    step = start(CHART, {}, events[0].time, ENVIRONMENT)
    taken = 0
    for row in events:
        if step.snapshot.status in FINISHED:
            break
        data: dict[str, JSON] = {"lifecycle": row.lifecycle, "case": dict(row.attributes)} if row.attributes else {}
        event = Event(name=row.event, data=data, occurred_at=row.time)
        step = transition(CHART, step.snapshot, event, row.time, ENVIRONMENT)
        assert step.errors == ()
        taken += step.handled
    return step.snapshot, taken


@pytest.mark.skipif(not LOG.exists(), reason=f"{LOG.name} is not in {DATA}; set SIGNALBOX_DATA")
def test_the_whole_log_ends_in_exactly_the_known_outcomes() -> None:
    counts: Counter[str] = Counter()
    taken = 0
    for _, rows in groupby(read(LOG), key=lambda row: row.case):
        events = list(rows)
        snapshot, handled = outcome_of(events)
        leaf = snapshot.configuration[-1]
        counts[leaf] += 1
        taken += handled
        if leaf == "finalized":
            last = next(row.time for row in reversed(events) if row.event == "A_FINALIZED")
            assert snapshot.entered[leaf] == last
    assert counts == {
        "declined": 7_635,
        "cancelled": 2_807,
        "approved": 2_246,
        "finalized": 327,
        "preaccepted": 69,
        "accepted": 3,
    }
    assert taken == 60_849


@pytest.mark.parametrize(
    "order",
    [
        ("A_REGISTERED", "A_APPROVED", "A_ACTIVATED"),
        ("A_ACTIVATED", "A_REGISTERED", "A_APPROVED"),
        ("A_APPROVED", "A_ACTIVATED", "A_REGISTERED"),
    ],
)
def test_the_three_approvals_arrive_in_any_order_at_one_moment(order: tuple[str, ...]) -> None:
    run = Run("bank-loan").send("A_SUBMITTED", case={"AMOUNT_REQ": "20000"})
    for name in ("A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED", "A_FINALIZED", order[0], order[0], order[1]):
        run.send(name)
    assert run.states == {"approving"}
    assert run.step.snapshot.entered["approving"] == BEGINNING
    assert run.send(order[2]).states == {"approved"}
    assert run.context["amount"] == 20_000


def test_offers_and_work_items_are_ignored() -> None:
    run = Run("bank-loan").send("A_SUBMITTED").send("W_Completeren aanvraag")
    assert not run.step.handled
    assert run.states == {"submitted"}
