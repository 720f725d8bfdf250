"""The machines of the benchmarks."""

from __future__ import annotations

from typing import Any

from orchestrator.statechart.definition import JSON

STEPS = ("received", "checked", "paid", "picked", "packed", "labelled", "loaded", "shipped", "delivered", "reviewed")
GUARD = "context.amount > 100 && event.quantity < 10"
CONTEXT = {"order": "A-12345", "amount": 250, "customer": "Ada Lovelace", "rounds": 0}
EVENT = "next"
DATA: dict[str, JSON] = {"quantity": 1, "note": "hello"}


def order() -> dict[str, Any]:
    """An order in ten steps with a CEL guard at each; the last leads back to the first and counts the round."""
    states: dict[str, dict[str, Any]] = {
        step: {"on": [{"event": EVENT, "guard": GUARD, "target": STEPS[(at + 1) % len(STEPS)]}]}
        for at, step in enumerate(STEPS)
    }
    states[STEPS[-1]]["on"][0]["actions"] = [{"type": "assign", "to": "rounds", "expr": "context.rounds + 1"}]
    return {"signalbox": 1, "initial": STEPS[0], "context": CONTEXT, "states": states}


def reminder() -> dict[str, Any]:
    """An order that waits for an answer which does not come."""
    waiting = {
        "on": [{"event": "answered", "target": "closed"}],
        "after": [{"delay": "PT720H", "guard": "context.amount > 100", "target": "reminded"}],
    }
    states = {"waiting": waiting, "reminded": {"on": [{"event": "answered", "target": "closed"}]}, "closed": {}}
    return {"signalbox": 1, "initial": "waiting", "context": CONTEXT, "states": {**states, "closed": {"type": "final"}}}
