"""Sending events: to the instance itself through a durable timer, or to another instance (SCXML 6.2)."""

from __future__ import annotations

from orchestrator.statechart import effects
from orchestrator.statechart.definition import JSON, Emit, Send
from orchestrator.statechart.effects import SendTo, SetTimer
from orchestrator.statechart.expressions import ExpressionError, render
from orchestrator.statechart.locations import assigned
from orchestrator.statechart.run import COMMUNICATION_ERROR, EXECUTION_ERROR, Run
from orchestrator.statechart.steps import Event
from orchestrator.statechart.system import address
from orchestrator.statechart.topics import MAX_NAME, TOPIC, TOPIC_RULE
from orchestrator.statechart.values import later, text_of

INTERNAL, PARENT, SESSION, CHILD = "#_internal", "#_parent", "#_scxml_", "#_"
WEB = ("https://", "http://")


class Unsent(Exception):
    """An event that cannot be sent: `event` tells the chart why, and `send_id` which one it was."""

    def __init__(self, message: str, event: str, send_id: str) -> None:
        super().__init__(message)
        self.event = event
        self.send_id = send_id


def leave(run: Run, action: Send | Emit) -> None:
    """Let an event out, to one receiver or to a topic. Raises ExpressionError, Unsent."""
    if isinstance(action, Send):
        _send(run, action)
    else:
        _emit(run, action)


def _send(run: Run, action: Send) -> None:
    scope = run.scope()
    given = text_of(action.id, scope) if action.id else ""
    event, data = text_of(action.event, scope), render(action.data, scope)
    target = text_of(action.target, scope) if action.target else ""
    due = later(run.now, action.delay, run) if action.delay else run.now
    # What is sent at once cannot be stopped, and another event under its id must not take its place.
    made = given if given and action.delay else f"{run.number():06}"
    name = given or made
    if action.id_to:
        run.context = assigned(run.context, action.id_to, name)
    if target == INTERNAL:
        _raise(run, event, data, name, action)
    elif target in ("", address(run.env)):
        run.effects.append(SetTimer(timer_id(made), event, due, data, given))
    else:
        invocation = _reached(run, target, name)
        run.effects.append(SendTo(timer_id(made), target, event, due, data, given, invocation))


def _raise(run: Run, event: str, data: JSON, name: str, action: Send) -> None:
    if action.delay is not None:
        raise Unsent(f"send {event}: an event for {INTERNAL} cannot wait; leave out its delay", EXECUTION_ERROR, name)
    run.raise_event(Event(event, data, kind="internal", send_id=action.id or ""))


def _reached(run: Run, target: str, send_id: str) -> str:
    """The invocation of the child that this target names, empty for other instances. Raises Unsent."""
    if target == PARENT:
        if not run.env.parent:
            raise Unsent("no other instance started this one, so it has no parent", COMMUNICATION_ERROR, send_id)
        return ""
    if target.startswith(SESSION):
        known = run.env.reachable
        if known is not None and target.removeprefix(SESSION) not in known:
            raise Unsent(f"there is no instance “{target}”", COMMUNICATION_ERROR, send_id)
        return ""
    if target.startswith(WEB):
        return ""
    if not target.startswith(CHILD):
        raise Unsent(f"“{target}” is no target; write #_parent, #_scxml_…, #_… or a URL", EXECUTION_ERROR, send_id)
    invocation = run.invocations.get(target.removeprefix(CHILD))
    if invocation is None:
        raise Unsent(f"no child “{target.removeprefix(CHILD)}” is running", COMMUNICATION_ERROR, send_id)
    return invocation


def _emit(run: Run, action: Emit) -> None:
    scope = run.scope()
    topic, event = text_of(action.topic, scope), text_of(action.event, scope)
    key = text_of(action.key, scope) if action.key else ""
    if not TOPIC.fullmatch(topic):
        raise ExpressionError(f"emit {event}: the topic “{topic[:MAX_NAME]}” {TOPIC_RULE}")
    for text in (event, key):
        if len(text) > MAX_NAME or "\x00" in text:
            raise ExpressionError(f"emit {event[:MAX_NAME]}: event and key are texts of at most {MAX_NAME} characters")
    run.effects.append(effects.Emit(topic, event, render(action.data, scope), key))


def timer_id(send_id: str) -> str:
    """The timer id of a sent event, apart from those of timeouts."""
    return f"send.{send_id}"
