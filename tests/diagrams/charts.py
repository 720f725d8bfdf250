"""Charts for these tests, written as short lists and built into values by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator.statechart.definition import (
    Action,
    Activity,
    Assign,
    Chart,
    Compensate,
    Compensation,
    Initial,
    Retry,
    Send,
    State,
    Transition,
    TransitionKind,
)

KEYS: dict[str, TransitionKind] = {"on": "on", "after": "after", "always": "always", "onDone": "done"}


PAID = ("on", "payment.captured", "fulfilment")
DECLINED = ("on", "payment.declined", "awaiting_payment")
WAREHOUSE = ("reserving", "backordered", "picking", "packed")


def activity(state: str, title: str, attempts: int = 1, undo: str = "", kind: str = "http", nth: int = 0) -> Activity:
    compensation = Compensation("http", undo) if undo else None
    retry = Retry(max_attempts=attempts)
    return Activity(f"{state}/invoke/{nth}", f"{state}.{nth}", kind, title, retry=retry, compensation=compensation)


def way(
    key: str, event: str = "", *targets: str, guard: str | None = None, actions: Sequence[Action] = ()
) -> tuple[str, dict[str, Any]]:
    """A transition under one of the document's keys; `event` is the delay when the key is `after`."""
    delay = event if key == "after" else None
    events = (event,) if event and not delay else ()
    return key, {"events": events, "targets": targets, "guard": guard, "actions": tuple(actions), "delay": delay}


def state(
    key: str, title: str, *ways: tuple[str, dict[str, Any]], activities: tuple[Activity, ...] = (), **more: Any
) -> State:
    transitions = []
    counts: dict[str, int] = {}
    for name, parts in ways:
        nth = counts.get(name, 0)
        counts[name] = nth + 1
        kind = KEYS.get(name) or ("activity-error" if "Failure" in name else "activity-done")
        ref = f"{key}/{name}" if "Failure" in name else f"{key}/{name}/{nth}"
        transitions.append(Transition(ref, key, kind, **parts))
    kind_of_state = more.pop("type", "compound" if more.get("children") else "atomic")
    if "initial" in more:
        more["initial"] = Initial((more["initial"],))
    return State(key, kind_of_state, title, transitions=tuple(transitions), activities=activities, **more)


def chart(title: str, initial: str | None, *states: State) -> Chart:
    """Parents name their children; the parent of each child follows from that."""
    parents = {child: s.id for s in states for child in s.children}
    placed = {}
    for s in states:
        values = {name: getattr(s, name) for name in State.__slots__}
        placed[s.id] = State(**{**values, "parent": parents.get(s.id)})
    roots = tuple(s.id for s in states if s.id not in parents)
    return Chart(title.lower().replace(" ", "-"), title, Initial((initial,)) if initial else None, placed, roots)


def order_fulfilment() -> Chart:
    return chart(
        "Order fulfilment",
        "awaiting_payment",
        state(
            "awaiting_payment",
            "Awaiting payment",
            way(*PAID, guard="event.amount >= context.total", actions=[Assign("paidAt", "now")]),
            way(*DECLINED, guard="context.tries < 3", actions=[Assign("tries", "context.tries + 1")]),
            way("after", "PT30M", "cancelled"),
            activities=(activity("awaiting_payment", "Charge card", 5, "Refund card"),),
        ),
        state(
            "fulfilment",
            "Fulfilment",
            way("on", "order.cancelled", "compensating", guard="!context.packed", actions=[Compensate()]),
            way("onDone", "", "shipping"),
            type="parallel",
            children=("warehouse", "billing"),
        ),
        state("warehouse", "Warehouse", initial="reserving", children=WAREHOUSE),
        state(
            "reserving",
            "Reserving stock",
            way("on", "stock.reserved", "picking"),
            way("on", "stock.missing", "backordered"),
            activities=(activity("reserving", "Reserve stock", 3, "Release stock"),),
        ),
        state(
            "backordered",
            "Backordered",
            way("on", "stock.arrived", "picking"),
            way("after", "P7D", "compensating", actions=[Compensate()]),
        ),
        state(
            "picking",
            "Picking",
            way("on", "parcel.packed", "packed"),
            activities=(activity("picking", "Pick items", kind="human"),),
            expected_within="PT4H",
        ),
        state("packed", "Packed", type="final"),
        state("billing", "Billing", initial="invoicing", children=("invoicing", "invoiced")),
        state(
            "invoicing",
            "Invoicing",
            way("on", "invoice.issued", "invoiced"),
            activities=(activity("invoicing", "Issue invoice", 3, "Credit note"),),
        ),
        state("invoiced", "Invoiced", type="final"),
        state(
            "shipping",
            "Shipping",
            way("on", "carrier.delivered", "completed", actions=[Send("order.delivered")]),
            initial="label_requested",
            children=("label_requested", "in_transit", "chasing"),
        ),
        state(
            "label_requested",
            "Requesting label",
            way("invoke/0/onDone", "", "in_transit"),
            way("invoke/0/onFailure", "", "compensating"),
            activities=(activity("label_requested", "Buy label", 4, "Void label"),),
        ),
        state("in_transit", "In transit", way("after", "P5D", "chasing"), expected_within="P3D"),
        state(
            "chasing",
            "Chasing carrier",
            way("on", "carrier.scanned", "in_transit"),
            activities=(activity("chasing", "Open carrier case"),),
        ),
        state(
            "compensating",
            "Compensating",
            way("on", "done.compensate", "cancelled"),
            way("after", "PT24H", "attention"),
        ),
        state("attention", "Needs attention", way("on", "operator.retry", "compensating"), expected_within="PT8H"),
        state("completed", "Completed", type="final"),
        state("cancelled", "Cancelled", type="final"),
    )


def loan_approval() -> Chart:
    return chart(
        "Loan application",
        "received",
        state("received", "Received", way("on", "application.submitted", "credit_check")),
        state(
            "credit_check",
            "Credit check",
            way("after", "PT24H", "expired"),
            way("invoke/0/onDone", "", "decision"),
            way("invoke/0/onFailure", "", "manual"),
            activities=(activity("credit_check", "Ask credit bureau", 4),),
        ),
        state(
            "decision",
            "Decision",
            way("always", "", "approved", guard="context.score >= 700 && context.amount < 20000"),
            way("always", "", "declined", guard="context.score < 500"),
            way("always", "", "manual"),
        ),
        state(
            "manual",
            "Underwriting",
            way("on", "underwriter.approved", "approved"),
            way("on", "underwriter.declined", "declined"),
            way("on", "note.added", actions=[Assign("notes", "context.notes + 1")]),
            activities=(activity("manual", "Review application", kind="human"),),
            expected_within="P3D",
        ),
        state("approved", "Approved", type="final"),
        state("declined", "Declined", type="final"),
        state("expired", "Expired", type="final"),
    )


def corners() -> Chart:
    """Every rare form: targetless on a box, a box to its own child, a child to its box, several targets, history."""
    return chart(
        "Corner cases",
        "work",
        state(
            "work",
            "Work",
            way("on", "note"),
            way("on", "reset", "first"),
            way("on", "pause", "paused"),
            way("on", "again", "work"),
            way("on", "lost", "nowhere"),
            initial="first",
            children=("first", "second", "back"),
        ),
        state("first", "First", way("on", "next", "second"), way("on", "tick")),
        state("second", "Second", way("on", "restart", "work"), way("on", "split", "left_b", "right_b")),
        state("back", "Back", way("always", "", "second"), type="history", history="deep"),
        state("paused", "Paused", way("on", "resume", "back"), way("on", "off", "both")),
        state("both", "Both", way("onDone", "", "end"), type="parallel", children=("left", "right")),
        state("left", "Left", initial="left_a", children=("left_a", "left_b")),
        state("left_a", "Left a", way("on", "go", "left_b")),
        state("left_b", "Left b", type="final"),
        state("right", "Right", initial="right_a", children=("right_a", "right_b")),
        state("right_a", "Right a", way("on", "go", "right_b")),
        state("right_b", "Right b", type="final"),
        state("end", "End", type="final"),
    )
