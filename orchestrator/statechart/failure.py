"""What nobody took care of, judged when the step has settled: a state that was left meanwhile no longer matters."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.statechart import invoke
from orchestrator.statechart.effects import OpenIncident
from orchestrator.statechart.run import Run
from orchestrator.statechart.starting import CHILDREN
from orchestrator.statechart.timing import disarm


def stops(run: Run) -> bool:
    """Whether the instance will stop at the end of this step, so that it starts nothing more."""
    if run.undo_failed is not None:
        return True
    policies = (run.structure.activities[name][1].on_failure for name in run.given_up)
    return run.compensating is None and any(policy != "escalate" for policy in policies)


def judge(run: Run) -> None:
    """Call a person for each failure, and stop the instance when a failure policy or a failed undo says so."""
    if not (run.given_up or run.unset or run.undo_failed):
        return
    run.effects.extend(OpenIncident("timeout-not-set", state, why) for state, why in run.unset.items())
    for name, message in run.given_up.items():
        run.effects.append(OpenIncident("activity-failed", run.structure.activities[name][0], message))
    if run.undo_failed is not None:
        run.effects.append(OpenIncident("compensation-failed", *run.undo_failed))
    stopped = stops(run)
    for name in [name for name in run.given_up if _has_no_run(run, name)]:
        del run.invocations[name]  # it has no run of its own which could be retried
        run.suspended = (*run.suspended, name)
    if stopped:
        halt(run, run.given_up)


def _has_no_run(run: Run, name: str) -> bool:
    """Whether a retry must start the activity anew: it was not started, is done item by item, or was a child."""
    return name in run.unstarted or name in run.fans or run.structure.activities[name][1].kind in CHILDREN


def halt(run: Run, kept: Collection[str]) -> None:
    """The instance stops where it stands; failed activities are kept for a retry, all others start anew with it."""
    run.status = "failed"
    others = [name for name in run.invocations if name not in kept]
    for name in others:
        invoke.abandon(run, run.structure.activities[name][1])
    states = run.structure.in_order(run.to_invoke)
    never = [activity.id for key in states for activity in run.structure.chart.states[key].activities]
    run.to_invoke = {}
    run.suspended = (*run.suspended, *others, *never)
    for state in run.configuration:
        disarm(run, state)
