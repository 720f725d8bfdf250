"""Executable content: what the actions of a transition, an entry or an exit do (SCXML 4)."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.statechart import saga, sending
from orchestrator.statechart.definition import (
    Action,
    Assign,
    Block,
    Cancel,
    Choose,
    Compensate,
    Emit,
    ForEach,
    Log,
    Raise,
    Send,
)
from orchestrator.statechart.effects import CancelTimer, LogMessage
from orchestrator.statechart.expressions import ExpressionError, evaluate, holds, render, written
from orchestrator.statechart.locations import assigned
from orchestrator.statechart.run import Run
from orchestrator.statechart.steps import Event
from orchestrator.statechart.values import text_of


class Stopped(Exception):
    """An action failed and was told to the chart; the rest of its block does not run (SCXML 4.9)."""


def execute(run: Run, actions: Iterable[Action]) -> None:
    """Run a block to its end, or to the first action that fails."""
    try:
        _block(run, actions)
    except Stopped:
        return


def _block(run: Run, actions: Iterable[Action]) -> None:
    for action in actions:
        run.count_action()
        try:
            _perform(run, action)
        except ExpressionError as error:
            run.fail(str(error))
            raise Stopped from None
        except sending.Unsent as error:
            run.fail(str(error), error.event, error.send_id)
            raise Stopped from None


def _perform(run: Run, action: Action) -> None:
    """Carry out one action. Raises ExpressionError, Stopped, Unsent."""
    match action:
        case Assign(to=to, expr=expr):
            run.context = assigned(run.context, to, evaluate(expr, run.scope()))
        case Raise(event=event, data=data):
            name = text_of(event, run.scope())
            run.raise_event(Event(name, render(data, run.scope()), kind="internal"))
        case Send() | Emit():
            sending.leave(run, action)
        case Cancel(send_id=send_id):
            run.effects.append(CancelTimer(sending.timer_id(text_of(send_id, run.scope()))))
        case Log(expr=expr, label=label):
            told = written(evaluate(expr, run.scope()))
            run.effects.append(LogMessage(f"{label}: {told}" if label else told))
        case Compensate():
            saga.begin(run)
        case Choose():
            _choose(run, action)
        case ForEach():
            _for_each(run, action)
        case Block(actions=actions):
            execute(run, actions)


def _choose(run: Run, action: Choose) -> None:
    """Run the first branch that holds; a guard that cannot be evaluated counts as false and is told (SCXML 5.9.1)."""
    for branch in action.branches:
        try:
            chosen = branch.guard is None or holds(branch.guard, run.scope())
        except ExpressionError as error:
            chosen = False
            run.fail(str(error))
        if chosen:
            _block(run, branch.actions)
            return


def _for_each(run: Run, action: ForEach) -> None:
    """The list is worked out once, so what the actions do to it changes nothing (SCXML 4.6)."""
    items = evaluate(action.items, run.scope())
    if not isinstance(items, list):
        raise ExpressionError(f"{action.items}: forEach needs a list")
    for index, item in enumerate(items):
        run.context = assigned(run.context, action.item, item)
        if action.index:
            run.context = assigned(run.context, action.index, index)
        _block(run, action.actions)
