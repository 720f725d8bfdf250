"""The run-to-completion algorithm: events are taken in one by one until nothing more can move (SCXML Appendix D)."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.statechart import content, data, failure, fanout, invoke, saga, starting, timing
from orchestrator.statechart.definition import JSON, Action, State, Transition
from orchestrator.statechart.expressions import ExpressionError, holds, render
from orchestrator.statechart.plain_guards import decided
from orchestrator.statechart.planning import Plan, beginning, plan_of
from orchestrator.statechart.run import Run
from orchestrator.statechart.select import enabled, without_conflicts
from orchestrator.statechart.steps import Event, LoopError, Microstep
from orchestrator.statechart.structure import Structure


def begin(run: Run) -> None:
    """Enter the initial states and settle."""
    plan = beginning(run.structure)
    if plan.entered:
        initial = run.structure.chart.initial
        content.execute(run, initial.actions if initial else ())
        enter(run, plan)
        run.configuration = plan.after
        run.microsteps.append(Microstep(None, (), (), plan.entered))
    settle(run)


def deliver(run: Run, event: Event) -> bool:
    """Take in one external event and settle; returns whether it had any effect."""
    if run.invocations:
        invoke.finalize(run, event)
        invoke.forward(run, event)
    taken = take(run, event)
    settle(run)
    return taken or bool(run.microsteps or run.effects)


def settle(run: Run) -> None:
    """Eventless transitions, then raised events, then the new activities, until nothing moves (a macrostep)."""
    while not run.ended:
        if run.structure.has_eventless and move(run, None):
            continue
        if run.queue:
            take(run, run.queue.popleft())
        elif run.to_invoke and not failure.stops(run):
            invoke.start_all(run)
        else:
            break
    close(run)


def take(run: Run, event: Event) -> bool:
    """One event: what it answers, the transitions it enables, or else what a failure policy says."""
    if event.name in (saga.DONE, saga.FAILED):
        run.hear(event)
        answered = saga.accept(run, event)
        if answered:
            move(run, event.name)
        return answered
    if invoke.is_answer(run, event):
        return take_answer(run, event)
    run.hear(event)
    if event.name.startswith(timing.PREFIX):
        timing.note(run, event.name)
    return move(run, event.name) or (event.name == saga.ALL_UNDONE and all_undone(run))


def take_answer(run: Run, event: Event) -> bool:
    """The result or failure of an activity; one that nobody waits for any more has no effect."""
    if fanout.accept(run, event):
        return True
    activity = invoke.answered(run, event)
    if activity is None:
        return invoke.is_late_end(run, event) and move(run, event.name)
    if event.name.startswith(starting.DONE):
        invoke.take_result(run, activity, event)
        move(run, event.name)
        return True
    run.hear(event, {key: value for key, value in event.fields.items() if key != "invocation"})
    chosen = select(run, event.name)
    if chosen:
        run.invocations.pop(activity.id)
        run.fans.pop(activity.id, None)
        microstep(run, event.name, chosen)
    else:
        invoke.give_up(run, activity, event)
    return True


def all_undone(run: Run) -> bool:
    """No transition waits for the end of the compensation, so it is the end of the instance."""
    run.status = "compensated"
    run.ended = True
    let_go(run)
    return True


def let_go(run: Run) -> None:
    """The instance ends where it stands: none of its timers and activities is waited for any more."""
    for key in run.configuration:
        timing.disarm(run, key)
        invoke.stop(run, key)


def move(run: Run, event: str | None) -> bool:
    """Take the transitions which the event (None: no event) enables; returns whether there were any."""
    chosen = select(run, event)
    if chosen:
        microstep(run, event, chosen)
    return bool(chosen)


def select(run: Run, event: str | None) -> list[Transition]:
    chosen = enabled(run.structure, run.configuration, event, lambda transition: _holds(run, transition))
    return without_conflicts(run.structure, chosen, run.history)


def _holds(run: Run, transition: Transition) -> bool:
    """A guard that cannot be evaluated counts as false and is told (SCXML 5.9.1).

    It is told once in a step: an eventless guard is asked again after every event, also after the one that tells it.
    """
    guard = transition.guard or "true"
    try:
        told = decided(guard, run.context, run.event)
        return holds(guard, run.scope()) if told is None else told
    except ExpressionError as error:
        message = f"guard of {transition.ref}: {error}"
        if message not in run.errors:
            run.fail(message)
        return False


def microstep(run: Run, event: str | None, transitions: Sequence[Transition]) -> None:
    """Leave, act, enter (SCXML: microstep). Raises LoopError when the step's budget is used up."""
    if len(run.microsteps) >= run.env.max_microsteps:
        raise LoopError(_loop(run))
    plan = plan_of(run.structure, run.configuration, transitions, run.history)
    run.history = plan.history
    if not plan.quiet:
        leave(run, plan)
    for transition in transitions:
        if transition.actions:
            _act(run, plan, transition.actions)
    if plan.quiet:
        _move_quietly(run, plan)
    else:
        enter(run, plan)
    run.configuration = plan.after
    run.microsteps.append(Microstep(event, plan.refs, plan.exited, plan.entered))


def _act(run: Run, plan: Plan, actions: Sequence[Action]) -> None:
    """The actions of a transition, which see neither what was left nor what will be entered."""
    if plan.quiet and plan.exited:
        run.configuration = tuple(key for key in run.configuration if key not in plan.exited)
    content.execute(run, actions)


def _move_quietly(run: Run, plan: Plan) -> None:
    """Nothing happens on the way, only the times of entry change."""
    for key in plan.exited:
        run.entered.pop(key, None)
    for key in plan.entered:
        run.entered[key] = run.now


def _loop(run: Run) -> str:
    """Which transitions went round."""
    last = [ref for done in run.microsteps[-20:] for ref in done.transitions]
    names = ", ".join(dict.fromkeys(last[-10:]))
    return f"stopped after {run.env.max_microsteps} micro steps; these transitions go round: {names}"


def leave(run: Run, plan: Plan) -> None:
    """Leave states innermost first (SCXML: exitStates)."""
    for key in plan.exited:
        content.execute(run, run.structure.chart.states[key].exit)
        timing.left(run, key)
        invoke.stop(run, key)
        run.configuration = tuple(active for active in run.configuration if active != key)
        run.entered.pop(key, None)


def enter(run: Run, plan: Plan) -> None:
    """Enter states outermost first (SCXML: enterStates)."""
    for key in plan.entered:
        state = run.structure.chart.states[key]
        run.configuration = (*run.configuration, key)
        run.entered[key] = run.now
        data.enter(run, state)
        content.execute(run, state.entry)
        content.execute(run, plan.initials.get(key, ()))
        content.execute(run, plan.defaults.get(key, ()))
        timing.arm(run, key)
        if state.activities:
            run.to_invoke[key] = None
        if state.type == "final":
            finish(run, state)


def finish(run: Run, state: State) -> None:
    """A final state was entered: its parent is done, and parallel states around it once all their regions are."""
    if state.parent is None:
        run.ended = True
        return
    output = _output(run, state)
    run.raise_event(Event(f"done.state.{state.parent}", {} if output is None else output, kind="platform"))
    states = run.structure.chart.states
    above = states[state.parent].parent
    while above and states[above].type == "parallel" and in_final_state(run.structure, run.configuration, above):
        run.raise_event(Event(f"done.state.{above}", kind="platform"))
        above = states[above].parent


def _output(run: Run, state: State) -> JSON:
    """What a final state gives back; nothing when it cannot be worked out (SCXML 5.7)."""
    try:
        return render(state.output, run.scope())
    except ExpressionError as error:
        run.fail(f"output of {state.id}: {error}")
        return None


def in_final_state(structure: Structure, configuration: Sequence[str], key: str) -> bool:
    """Whether a state is done (SCXML: isInFinalState)."""
    state = structure.chart.states[key]
    if state.type == "parallel":
        return all(in_final_state(structure, configuration, child) for child in structure.children[key])
    return any(structure.chart.states[c].type == "final" and c in configuration for c in state.children)


def close(run: Run) -> None:
    """What the status is now that nothing moves."""
    if run.status == "compensated":
        return
    failure.judge(run)
    if run.status == "failed":
        return
    if run.compensating is not None:
        run.status = "compensating"
    elif run.ended:
        run.status = "compensated" if run.undone else "completed"
    else:
        run.status = "running"
    if run.ended:
        exit_all(run)


def exit_all(run: Run) -> None:
    """The end: exit actions run, and what was active stays on record (SCXML: exitInterpreter)."""
    final = run.configuration
    for key in reversed(final):
        state = run.structure.chart.states[key]
        content.execute(run, state.exit)
        invoke.stop(run, key)
        if state.type == "final" and state.parent is None:
            run.output = _output(run, state)
    run.configuration = final
