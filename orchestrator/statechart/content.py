"""Executable content: what the actions of a transition, an entry or an exit do (SCXML 4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.statechart import saga
from orchestrator.statechart.definition import JSON, Action, Assign, Cancel, Compensate, Log, Raise, Send
from orchestrator.statechart.effects import CancelTimer, LogMessage, SetTimer
from orchestrator.statechart.expressions import ExpressionError, evaluate, render, written
from orchestrator.statechart.run import Run
from orchestrator.statechart.steps import Event
from orchestrator.statechart.values import later


def execute(run: Run, actions: Iterable[Action]) -> None:
    """Run a block; the first action that fails ends the block (SCXML 4.9)."""
    try:
        for action in actions:
            perform(run, action)
    except ExpressionError as error:
        run.fail(str(error))


def perform(run: Run, action: Action) -> None:
    """Carry out one action. Raises ExpressionError."""
    match action:
        case Assign(to=to, expr=expr):
            run.context = assigned(run.context, to, evaluate(expr, run.scope()))
        case Raise(event=event, data=data):
            run.raise_event(Event(event, render(data, run.scope())))
        case Send():
            send(run, action)
        case Cancel(send_id=send_id):
            run.effects.append(CancelTimer(send_ref(send_id)))
        case Log(expr=expr):
            run.effects.append(LogMessage(written(evaluate(expr, run.scope()))))
        case Compensate():
            saga.begin(run)


def send(run: Run, action: Send) -> None:
    """An event to the instance itself goes through a durable timer, at once or after its delay."""
    due = later(run.now, action.delay, run) if action.delay else run.now
    data = render(action.data, run.scope())
    ref = send_ref(action.id or str(run.number()))
    run.effects.append(SetTimer(id=ref, event=action.event, due=due, data=data))


def send_ref(send_id: str) -> str:
    """The timer id of a sent event, apart from those of timeouts."""
    return f"send.{send_id}"


def assigned(context: Mapping[str, JSON], to: str, value: JSON) -> Mapping[str, JSON]:
    """A copy of the context with a dotted path set; what lies beside the path is shared. Raises ExpressionError."""
    key, _, rest = to.removeprefix("context.").partition(".")
    if not rest:
        return {**context, key: value}
    inner: Any = context.get(key, {})
    if not isinstance(inner, Mapping):
        raise ExpressionError(f"cannot assign to {to}: {key} holds no object")
    return {**context, key: dict(assigned(inner, rest, value))}
