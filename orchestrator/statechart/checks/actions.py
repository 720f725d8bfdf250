"""Actions: events with names and targets that work, and branches that can be taken."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from orchestrator.statechart.checks import guards
from orchestrator.statechart.checks.problem import Problem, problem
from orchestrator.statechart.checks.walk import Block, blocks, flat
from orchestrator.statechart.definition import Action, Cancel, Chart, Choose, Raise, Send
from orchestrator.statechart.sending import SESSION

NEAR = (None, "", "#_internal", "#_parent")
ENGINE = ("error", "done.state", "done.invoke", "done.compensate", "done.compensation", "after")


def check(chart: Chart) -> Iterator[Problem]:
    """Problems of every action, in document order."""
    every = [(block, action) for block in blocks(chart) for action in flat(block.actions)]
    sent = {action.id for _, action in every if isinstance(action, Send)}
    children = {f"#_{one.id}" for state in chart.states.values() for one in state.activities if one.kind == "chart"}
    computed = any(isinstance(action, Send) and (action.id_to or "${" in (action.id or "")) for _, action in every)
    for block, action in every:
        yield from _event(block, action)
        if isinstance(action, Send):
            yield from _target(block, action.target or "", children)
        match action:
            case Cancel(send_id=name) if name not in sent and not computed and "${" not in name:
                message = f"Nothing is sent under the id “{name}”, so there is nothing to stop."
                yield problem("unknown-send", block.ref, block.field, message, "Give the send action this id.")
            case Choose():
                yield from _branches(block, action)


def _event(block: Block, action: Action) -> Iterator[Problem]:
    if not isinstance(action, Raise | Send):
        return
    if any(action.event == name or action.event.startswith(f"{name}.") for name in ENGINE):
        message = f"“{action.event}” looks like an event of the engine itself."
        fix = "Choose a name that does not begin with error, done.state, done.invoke, done.compensate or after."
        yield problem("reserved-event", block.ref, block.field, message, fix)


def _target(block: Block, target: str, children: Collection[str]) -> Iterator[Problem]:
    if target in NEAR or target in children or target.startswith(SESSION) or "${" in target:
        return
    message = f"There is nobody “{target}” to whom events are delivered."
    fix = "Write #_parent, #_ and the id of a child chart, #_scxml_ and an instance, or use an activity of kind http."
    yield problem("send-target", block.ref, block.field, message, fix)


def _branches(block: Block, choose: Choose) -> Iterator[Problem]:
    earlier: list[guards.Guard] = []
    for branch in choose.branches[:50]:
        guard = guards.read(branch.guard)
        if any(guards.implies(guard, other) for other in earlier):
            message = f"The branch “{branch.guard or 'else'}” can never be taken: an earlier one always is."
            yield problem("shadowed", block.ref, block.field, message, "Remove it, or move it before the other.")
        elif not guards.possible(guard):
            message = f"The guard “{branch.guard}” can never hold."
            yield problem("impossible-guard", block.ref, block.field, message, "Correct the comparison.")
        earlier.append(guard)
