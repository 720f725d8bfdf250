"""The bank's loan log: all three of its life cycles, intertwined, as parallel regions of one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LOG = Path(__file__).resolve().parents[3] / "shared" / "data" / "loan-applications-2012.csv.gz"
EVENTS = 262_200
KNOWN = {"declined": 7_635, "cancelled": 2_807, "approved": 2_246, "undecided": 399}
STAGES = ("submitted", "partlysubmitted", "preaccepted", "accepted", "finalized")
CONSENTS = ("registered", "approved", "activated")
OFFER = ("selected", "created", "sent", "sent_back", "accepted", "declined", "cancelled")
WORK = {
    "leads": "Afhandelen leads",
    "fraud": "Beoordelen fraude",
    "completing": "Completeren aanvraag",
    "incomplete": "Nabellen incomplete dossiers",
    "calling": "Nabellen offertes",
    "validating": "Valideren aanvraag",
    "contract": "Wijzigen contractgegevens",
}
Document = dict[str, Any]


def loan() -> Document:
    """What is decided, the offer that was touched last, and what each kind of work item is at."""
    context = {"amount": 0, "offers": 0, **dict.fromkeys(CONSENTS, False)}
    regions = {"application": _application(), "offer": _offer(), "work": _work()}
    case = {"type": "parallel", "states": regions}
    return {"signalbox": 1, "id": "loan", "initial": "case", "context": context, "states": {"case": case}}


def _application() -> Document:
    """Stage after stage until it is declined, cancelled, or has all three consents, which come in any order."""
    open_: Document = {"received": _way("A_SUBMITTED", STAGES[0], _set("amount", "int(event.case.AMOUNT_REQ)"))}
    for at, stage in enumerate(STAGES):
        later = STAGES[at + 1 : at + 2]
        open_[stage] = _way(f"A_{later[0].upper()}", later[0]) if later else _consents()
    over = [{"event": f"A_{name.upper()}", "target": name} for name in ("declined", "cancelled")]
    states = {"open": {"initial": "received", "states": open_, "on": over}, "approved": {}}
    return {"initial": "open", "states": {**states, "declined": {}, "cancelled": {}}}


def _consents() -> Document:
    given = [{"event": f"A_{name.upper()}", "actions": [_set(name, "true")]} for name in CONSENTS]
    all_ = " && ".join(f"context.{name}" for name in CONSENTS)
    return {"on": given, "always": [{"guard": all_, "target": "approved"}]}


def _offer() -> Document:
    ways: list[Document] = [{"event": f"O_{name.upper()}", "target": f"offer_{name}"} for name in OFFER]
    ways[1]["actions"] = [_set("offers", "context.offers + 1")]
    states: Document = {f"offer_{name}": {} for name in OFFER}
    return {"initial": "no_offer", "on": ways, "states": {"no_offer": {}, **states}}


def _work() -> Document:
    return {"type": "parallel", "states": {name: _item(name, title) for name, title in WORK.items()}}


def _item(name: str, title: str) -> Document:
    """One event name tells of all that happens to a kind of work item; its life cycle stands in the data."""
    waiting, working, rest = f"{name}_scheduled", f"{name}_working", f"{name}_rest"
    told = {"SCHEDULE": waiting, "START": working, "COMPLETE": rest}
    ways = [
        {"event": f"W_{title}", "guard": f"event.lifecycle == '{lifecycle}'", "target": target}
        for lifecycle, target in told.items()
    ]
    return {"initial": rest, "on": ways, "states": {rest: {}, waiting: {}, working: {}}}


def _way(event: str, target: str, *actions: Document) -> Document:
    return {"on": [{"event": event, "target": target, **({"actions": list(actions)} if actions else {})}]}


def _set(name: str, expression: str) -> Document:
    return {"type": "assign", "to": name, "expr": expression}


def outcome(configuration: str) -> str:
    """What was decided about an application, by its active states."""
    return next((name for name in ("approved", "declined", "cancelled") if name in configuration.split()), "undecided")
