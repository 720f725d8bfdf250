"""The system variables of SCXML 5.10, which a chart reads and never writes."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.steps import Environment, Event

NAMES = frozenset({"_event", "_sessionid", "_name", "_ioprocessors", "_x"})
PROCESSOR = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor"
HTTP_PROCESSOR = "http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor"


def processors(env: Environment) -> Mapping[str, JSON]:
    """The ways in which events reach this instance, each with its address (SCXML C)."""
    found: dict[str, JSON] = {name: {"location": address(env)} for name in (PROCESSOR, "scxml")}
    if env.access:
        found |= {name: {"location": env.access} for name in (HTTP_PROCESSOR, "basichttp")}
    return found


def address(env: Environment) -> str:
    """Where events reach this instance (SCXML C.1)."""
    return f"#_scxml_{env.session_id}"


def described(event: Event | None) -> JSON:
    """All of an event as SCXML 5.10.1 tells it; null before the first one, as is what is not known."""
    if event is None:
        return None
    return {
        "name": event.name,
        "type": event.kind,
        "sendid": event.send_id or None,
        "origin": event.origin or None,
        "origintype": PROCESSOR if event.origin else None,
        "invokeid": event.invoke_id or None,
        "data": event.data,
    }
