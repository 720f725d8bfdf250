"""Whether an instance can go on in another version of its chart: one judge for dry run and change."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from orchestrator.statechart.checks.fitting import misfits
from orchestrator.statechart.checks.types import initial_values
from orchestrator.statechart.definition import JSON, Chart, Transition
from orchestrator.statechart.relocation import Place, Relocation, StateMapping, place_of, relocation_of
from orchestrator.statechart.snapshot import FINISHED, Snapshot
from orchestrator.statechart.structure import matches
from orchestrator.statechart.suggestion import suggest

Code = Literal[
    "unmapped", "state-gone", "no-place", "event-gone", "timer-gone", "activity-gone", "undo-gone", "context", "ended"
]
Kind = Literal["fits", "needs-mapping", "stranded"]
ACCEPTABLE: tuple[Code, ...] = ("event-gone", "timer-gone", "activity-gone", "undo-gone")
WORDS: Mapping[str, str] = {"event-gone": "the event", "timer-gone": "the timer", "activity-gone": "the activity"}
LIVE = ("running", "compensating")  # whose timers run, and in which something can begin
PLATFORM = ("done.", "error.", "after.")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an instance does not fit, in which old state, and what helps."""

    code: Code
    state: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`notes` are losses that keep nobody from going on, and those which the operator accepted."""

    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()

    @property
    def kind(self) -> Kind:
        if not self.reasons:
            return "fits"
        return "needs-mapping" if all(reason.code == "unmapped" for reason in self.reasons) else "stranded"


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing which an old state waits for, and whether the new chart still does at that place."""

    code: Code
    name: str
    kept: bool


def judge(
    old: Chart,
    new: Chart,
    snapshot: Snapshot,
    mapping: StateMapping,
    accepted: Collection[str] = (),
) -> Verdict:
    """What becomes of an instance of `old` in `new`; `accepted` are codes of losses which the operator takes."""
    if snapshot.status in FINISHED and snapshot.status != "failed":
        message = f"the instance is {snapshot.status}"
        return Verdict((Reason("ended", "", message, "Leave it in the version in which it ended."),))
    moves = relocation_of(old, new, mapping)
    place = place_of(moves, snapshot)
    reasons = list(_without_place(moves, place, snapshot))
    losses = [] if reasons else list(_losses(moves, place, snapshot))
    losses.extend((reason, True) for reason in _never_undone(moves, snapshot))
    reasons.extend(reason for reason, fatal in losses if fatal and reason.code not in accepted)
    if snapshot.configuration:
        reasons.extend(_context(new, snapshot.context))
    notes = tuple(reason for reason, fatal in losses if not fatal or reason.code in accepted)
    return Verdict(tuple(dict.fromkeys(reasons)), tuple(dict.fromkeys(notes)))


def _without_place(moves: Relocation, place: Place, snapshot: Snapshot) -> Iterator[Reason]:
    """Innermost states that lead nowhere, or not together."""
    for key in place.missing:
        title = moves.old.chart.states[key].title
        likely = suggest(moves.old.chart, moves.new.chart).get(key)
        message = f"the new version has no state “{key}” ({title})"
        if likely is None:
            yield Reason("state-gone", key, message, f"Map {key} to the state that takes its place.")
        else:
            yield Reason("unmapped", key, message, f"Map {key} to a state, perhaps {key}={likely}.")
    if place.missing or not snapshot.configuration:
        return
    if not place.exists:
        together = ", ".join(f"“{target}”" for target in place.targets.values())
        message = f"the new version cannot stand in {together} at once"
        yield Reason("no-place", next(iter(place.targets), ""), message, "Map these states to states that go together.")
    elif place.begun and snapshot.status not in LIVE:
        message = f"the instance is {snapshot.status}, and “{place.begun[0]}” would have to begin"
        yield Reason("no-place", next(iter(place.targets)), message, "Retry it or skip what failed, then migrate it.")


def _losses(moves: Relocation, place: Place, snapshot: Snapshot) -> Iterator[tuple[Reason, bool]]:
    """What active states waited for and would not any more; fatal where nothing is left that could move one on."""
    for leaf, there in place.targets.items():
        if there in place.begun:  # it ends there, so it waits for nothing
            continue
        around = [moves.new.chart.states[key] for key in place.configuration if moves.new.are_in_line(key, there)]
        ways = [way for state in around for way in state.transitions]
        lines = (leaf, *moves.old.ancestors[leaf])
        waits = {key: [*_heard(moves, snapshot, key, ways), *_run(moves, snapshot, key, place)] for key in lines}
        decisive = next((key for key in lines if waits[key]), "")  # what an outer state hears is a way out of all
        for key, found in waits.items():
            fatal = key == decisive and not any(wait.kept for wait in found)
            yield from ((_lost(moves, key, there, wait), fatal) for wait in found if not wait.kept)


def _lost(moves: Relocation, key: str, there: str, wait: Wait) -> Reason:
    title = moves.old.chart.states[key].title
    message = f"“{title}” waits for {WORDS[wait.code]} {wait.name}, which “{there}” of the new version does not"
    mend = f"Map {key} to a state that waits for it, or accept {wait.code} when it is no longer needed."
    return Reason(wait.code, key, message, mend)


def _heard(moves: Relocation, snapshot: Snapshot, key: str, ways: Collection[Transition]) -> Iterator[Wait]:
    """Events from outside and timers which lead on from this very state; `ways` are those of the new place."""
    for way in moves.old.chart.states[key].transitions:
        for event in way.events if way.kind == "on" and way.targets else ():
            name = event.removesuffix(".*")
            if not name.startswith(PLATFORM):
                kept = any(other.kind == "on" and matches(other, name) for other in ways)
                yield Wait("event-gone", event, kept)
        if way.kind == "after" and way.targets and way.events[0] not in snapshot.fired:
            yield Wait("timer-gone", way.delay or "", any(other.kind == "after" for other in ways))


def _run(moves: Relocation, snapshot: Snapshot, key: str, place: Place) -> Iterator[Wait]:
    """Activities of this very state that run, or wait for a retry."""
    for activity in moves.old.chart.states[key].activities:
        if activity.id in snapshot.invocations or activity.id in snapshot.suspended:
            yield Wait("activity-gone", activity.id, moves.activity(activity.id) in place.origins)


def _never_undone(moves: Relocation, snapshot: Snapshot) -> Iterator[Reason]:
    """Completed activities which the old version can undo and the new one cannot."""
    for name in dict.fromkeys(done.activity for done in snapshot.undoables):
        state, was = moves.old.activities.get(name, ("", None))
        _, now = moves.new.activities.get(name, ("", None))
        if was is not None and was.compensation and not (now is not None and now.compensation):
            message = f"“{was.title}” is done, and the new version does not say how to undo {name}"
            mend = "Give the new version this activity with its compensation, or accept undo-gone."
            yield Reason("undo-gone", state, message, mend)


def _context(new: Chart, context: Mapping[str, JSON]) -> Iterator[Reason]:
    """Values against the new schema; what only the new version declares is added, so it is not missing."""
    if not new.context_schema:
        return
    added = {name: _plain(value) for name, value in initial_values(new).items() if name not in context}
    for path, problem in misfits(dict(new.context_schema), {**added, **context}, begun=True):
        mend = "Widen the context schema of the new version, or correct the value by an event before."
        yield Reason("context", "", f"context {path} {problem}", mend)


def _plain(value: JSON) -> JSON:
    """A template is not known yet."""
    return None if isinstance(value, str) and "${" in value else value
