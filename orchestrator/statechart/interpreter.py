"""The run-to-completion algorithm: events are taken in one by one until nothing more can move (SCXML Appendix D)."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.statechart import failure, invoke, saga, timing
from orchestrator.statechart.content import execute
from orchestrator.statechart.definition import State, Transition
from orchestrator.statechart.entry import EntrySet
from orchestrator.statechart.expressions import ExpressionError, holds
from orchestrator.statechart.run import Run
from orchestrator.statechart.select import Domains, domains_of, enabled, exit_set, without_conflicts
from orchestrator.statechart.steps import Event, LoopError, Microstep
from orchestrator.statechart.structure import Structure


def begin(run: Run) -> None:
    """Enter the initial states and settle."""
    if run.structure.initial:
        entry = EntrySet(run.structure, run.history)
        entry.add_all(run.structure.initial, None)
        entered = enter(run, entry)
        run.microsteps.append(Microstep(None, (), (), tuple(entered)))
    settle(run)


def deliver(run: Run, event: Event) -> bool:
    """Take in one external event and settle; returns whether it had any effect."""
    taken = take(run, event)
    settle(run)
    return taken or bool(run.microsteps or run.effects)


def settle(run: Run) -> None:
    """Eventless transitions, then raised events, then the new activities, until nothing moves (a macrostep)."""
    while not run.ended:
        if move(run, None):
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
        run.event = event.data
        answered = saga.accept(run, event)
        if answered:
            move(run, event.name)
        return answered
    if invoke.is_answer(run, event):
        return take_answer(run, event)
    run.event = event.data
    timing.note(run, event.name)
    return move(run, event.name) or (event.name == saga.ALL_UNDONE and all_undone(run))


def take_answer(run: Run, event: Event) -> bool:
    """The result or failure of an activity; one that nobody waits for any more has no effect."""
    activity = invoke.answered(run, event)
    if activity is None:
        return False
    if event.name.startswith(invoke.DONE):
        invoke.take_result(run, activity, event)
        move(run, event.name)
        return True
    run.event = {key: value for key, value in event.fields.items() if key != "invocation"}
    chosen = select(run, event.name)
    if chosen:
        run.invocations.pop(activity.id)
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
    for key in run.active():
        timing.disarm(run, key)
        invoke.stop(run, key)


def move(run: Run, event: str | None) -> bool:
    """Take the transitions which the event (None: no event) enables; returns whether there were any."""
    chosen = select(run, event)
    if chosen:
        microstep(run, event, chosen)
    return bool(chosen)


def select(run: Run, event: str | None) -> list[Transition]:
    configuration = run.active()
    chosen = enabled(run.structure, configuration, event, lambda transition: _holds(run, transition))
    return without_conflicts(run.structure, chosen, run.history)


def _holds(run: Run, transition: Transition) -> bool:
    """A guard that cannot be evaluated counts as false and is told (SCXML 5.9.1).

    It is told once in a step: an eventless guard is asked again after every event, also after the one that tells it.
    """
    if transition.guard is None:
        return True
    try:
        return holds(transition.guard, run.scope())
    except ExpressionError as error:
        message = f"guard of {transition.ref}: {error}"
        if message not in run.errors:
            run.fail(message)
        return False


def microstep(run: Run, event: str | None, transitions: Sequence[Transition]) -> None:
    """Leave, act, enter (SCXML: microstep). Raises LoopError when the step's budget is used up."""
    if len(run.microsteps) >= run.env.max_microsteps:
        raise LoopError(_loop(run))
    domains = domains_of(run.structure, transitions, run.history)
    exited = leave(run, domains)
    for transition in transitions:
        execute(run, transition.actions)
    entry = EntrySet(run.structure, run.history)
    entry.add_transitions(transitions, domains)
    entered = enter(run, entry)
    refs = tuple(transition.ref for transition in transitions)
    run.microsteps.append(Microstep(event, refs, tuple(exited), tuple(entered)))


def _loop(run: Run) -> str:
    """Which transitions went round."""
    last = [ref for done in run.microsteps[-20:] for ref in done.transitions]
    names = ", ".join(dict.fromkeys(last[-10:]))
    return f"stopped after {run.env.max_microsteps} micro steps; these transitions go round: {names}"


def leave(run: Run, domains: Domains) -> list[str]:
    """Leave states innermost first, remembering history (SCXML: exitStates)."""
    leaving = run.structure.in_order(exit_set(run.structure, domains, run.configuration))[::-1]
    remember(run, leaving)
    for key in leaving:
        execute(run, run.structure.chart.states[key].exit)
        timing.left(run, key)
        invoke.stop(run, key)
        run.configuration.discard(key)
        run.entered.pop(key, None)
    return leaving


def remember(run: Run, leaving: Sequence[str]) -> None:
    """What a history state stands for from now on: the active leaves for deep, the active children for shallow."""
    active = run.active()
    for key in leaving:
        for name in run.structure.histories[key]:
            deep = run.structure.chart.states[name].history == "deep"
            inside = [state for state in active if run.structure.is_descendant(state, key)]
            run.history[name] = tuple(
                state
                for state in inside
                if (run.structure.is_leaf(state) if deep else run.structure.chart.states[state].parent == key)
            )


def enter(run: Run, entry: EntrySet) -> list[str]:
    """Enter states outermost first (SCXML: enterStates).

    A history state may name ancestors of its default which the transition did not leave; they just stay.
    """
    entering = [key for key in run.structure.in_order(entry.states) if key not in run.configuration]
    for key in entering:
        state = run.structure.chart.states[key]
        run.configuration.add(key)
        run.entered[key] = run.now
        execute(run, state.entry)
        execute(run, entry.defaults.get(key, ()))
        timing.arm(run, key)
        if state.activities:
            run.to_invoke[key] = None
        if state.type == "final":
            finish(run, state)
    return entering


def finish(run: Run, state: State) -> None:
    """A final state was entered: its parent is done, and parallel states around it once all their regions are."""
    if state.parent is None:
        run.ended = True
        return
    run.raise_event(Event(f"done.state.{state.parent}"))
    states = run.structure.chart.states
    above = states[state.parent].parent
    while above and states[above].type == "parallel" and in_final_state(run.structure, run.configuration, above):
        run.raise_event(Event(f"done.state.{above}"))
        above = states[above].parent


def in_final_state(structure: Structure, configuration: set[str], key: str) -> bool:
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
