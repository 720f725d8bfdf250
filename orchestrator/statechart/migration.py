"""Take an instance over into another version of its chart, where it goes on from where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.statechart import data, timing
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.effects import CancelActivity, CancelTimer, ClearDeadline
from orchestrator.statechart.interpreter import enter, settle
from orchestrator.statechart.planning import Plan
from orchestrator.statechart.relocation import Place, Relocation, StateMapping, mapping_error, place_of, relocation_of
from orchestrator.statechart.run import Run, run_of
from orchestrator.statechart.snapshot import Snapshot
from orchestrator.statechart.steps import Environment, Microstep, Step
from orchestrator.statechart.suggestion import suggest
from orchestrator.statechart.verdict import ACCEPTABLE, LIVE, Reason, Verdict, judge

__all__ = ["ACCEPTABLE", "Reason", "StateMapping", "Verdict", "judge", "mapping_error", "migrate", "suggest"]


class Misplaced(ValueError):
    """The mapping leads to no place where the instance could stand; `judge` says why."""


def migrate(old: Chart, new: Chart, snapshot: Snapshot, mapping: StateMapping, now: datetime, env: Environment) -> Step:
    """The step that takes an instance over: what it is in, it stays in, and no action of such a state runs.

    Times count from when a state was entered. Only what is new below or beside those states is entered as usual.
    Raises Misplaced, LoopError.
    """
    moves = relocation_of(old, new, mapping)
    place = place_of(moves, snapshot)
    run = run_of(new, snapshot, now, env)
    if not snapshot.configuration:
        return run.step(handled=True)
    if not place.exists or (place.begun and snapshot.status not in LIVE):
        raise Misplaced("the mapping leads to no states in which the instance could stand")
    kept = set(_unchanged(moves, place))
    _let_go(run, moves, place, kept)
    _carry_over(run, moves, place)
    data.complete(run)
    for key in run.configuration if run.status in LIVE else ():
        timing.arm(run, key, kept)
    _enter_new(run, place)
    exited = tuple(key for key in reversed(snapshot.configuration) if key not in place.configuration)
    entered = tuple(key for key in place.configuration if key not in snapshot.configuration)
    if exited or entered:
        run.microsteps.append(Microstep(None, (), exited, entered))
    if run.status in LIVE and (run.microsteps or old != new):  # in an equal chart it has settled already
        settle(run)
    return run.step(handled=True)


def _unchanged(moves: Relocation, place: Place) -> Iterator[str]:
    """Timers, and states with a deadline, which are the same in both charts and so wait on as they are."""
    for there, origins in place.origins.items():
        for key in origins:
            yield from (name for name, after in moves.timeouts(key).items() if name == after)
            expected = moves.old.chart.states[key].expected_within
            if key == there and expected == moves.new.chart.states[there].expected_within:
                yield key


def _goes_on(moves: Relocation, place: Place, activity: str) -> bool:
    return moves.activity(activity) in place.origins


def _let_go(run: Run, moves: Relocation, place: Place, kept: set[str]) -> None:
    """Timers, deadlines and activities of old states that do not go on."""
    before = run.before
    for key in before.configuration if run.status in LIVE else ():
        names = (timeout.events[0] for timeout in moves.old.timeouts[key])
        run.effects.extend(CancelTimer(name) for name in names if name not in kept and name not in before.fired)
        if moves.old.chart.states[key].expected_within and key not in kept:
            run.effects.append(ClearDeadline(key))
    for name, invocation in before.invocations.items():
        if not _goes_on(moves, place, name):
            fan = before.fans.get(name)
            run.effects.extend(CancelActivity(one) for one in (fan.running if fan else (invocation,)))


def _carry_over(run: Run, moves: Relocation, place: Place) -> None:
    """The parts of the old snapshot under their new names."""
    before = run.before
    run.configuration = tuple(key for key in place.configuration if key not in place.begun)
    run.history = moves.history(before.history)
    run.entered = {key: _since(moves, place, before, key) for key in run.configuration}
    run.invocations = {name: one for name, one in before.invocations.items() if _goes_on(moves, place, name)}
    run.fans = {name: fan for name, fan in before.fans.items() if _goes_on(moves, place, name)}
    run.suspended = tuple(name for name in before.suspended if _goes_on(moves, place, name))
    run.bound = tuple(dict.fromkeys(there for key in before.bound if (there := moves.state(key))))
    stayed = [key for origins in place.origins.values() for key in origins]
    after = {old: new for key in stayed for old, new in moves.timeouts(key).items()}
    run.fired = tuple(dict.fromkeys(after[name] for name in before.fired if name in after))


def _since(moves: Relocation, place: Place, before: Snapshot, key: str) -> datetime:
    """When a state was entered; one that is new around others was entered with the first of them."""
    inside = [leaf for leaf, there in place.targets.items() if moves.new.is_descendant(there, key)]
    return min(before.entered[old] for old in place.origins.get(key) or inside)


def _enter_new(run: Run, place: Place) -> None:
    """What is new below or beside the states in which the instance stands."""
    if place.begun:
        initials, defaults = place.entry.initials, place.entry.defaults
        enter(run, Plan((), (), run.history, place.begun, place.configuration, initials, defaults, quiet=False))
        run.configuration = place.configuration
