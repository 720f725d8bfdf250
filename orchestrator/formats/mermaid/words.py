"""Labels in people's own words: the event, guard or timeout that is most likely meant."""

from __future__ import annotations

import re

from orchestrator.formats.mermaid.actions import read_actions
from orchestrator.formats.mermaid.labels import Document, Label, Source, read_label

PARTS = re.compile(r"(?P<trigger>[^\[/]*)(?:\[(?P<guard>[^\]]*)\])?(?P<rest>.*)", re.DOTALL)
DURATION = re.compile(r"after (\d{1,6}) ?(seconds?|s|minutes?|min|hours?|h|days?|d)", re.IGNORECASE)
UNITS = {"s": "PT{}S", "m": "PT{}M", "h": "PT{}H", "d": "P{}D"}
CONDITION = re.compile(r"(?:if|when)\s+(.*)", re.IGNORECASE | re.DOTALL)
OTHERWISE = frozenset({"else", "otherwise", ""})
UNFIT = re.compile(r"[^\w.*-]+")
LONGEST_EVENT = 80


def meaning(text: str, source: Source) -> tuple[Label, bool]:
    """What a label means, and whether that is all of it."""
    exact = read_label(text, source)
    if exact is not None and not (source.pseudo and exact.kind == "on" and '"' not in text):
        return exact, True
    return _guess(text, source), False


def _guess(text: str, source: Source) -> Label:
    found = PARTS.fullmatch(text)
    assert found is not None, "every text has these parts"
    trigger, guard, rest = found["trigger"].strip(), (found["guard"] or "").strip(), found["rest"].strip()
    if source.pseudo == "choice" and not guard:
        return Label("always", _condition(text.strip()))
    way: Document = {"guard": guard} if guard else {}
    actions = read_actions(rest.removeprefix("/").strip())
    if actions:
        way["actions"] = actions
    timeout = DURATION.fullmatch(trigger)
    if source.pseudo:
        return Label("always", way)
    if timeout:
        return Label("after", {"delay": UNITS[timeout[2][0].lower()].format(timeout[1]), **way})
    if guard and not trigger:
        return Label(source.usual, way)
    return Label("on", {"event": _event(trigger or text), **way})


def _condition(text: str) -> Document:
    """The guard of a way out of a choice."""
    if text.lower() in OTHERWISE:
        return {}
    found = CONDITION.fullmatch(text)
    return {"guard": found[1] if found else text}


def _event(text: str) -> str:
    """A name that can be sent, made of any text."""
    return UNFIT.sub("_", text).strip("_.-")[:LONGEST_EVENT] or "event"
