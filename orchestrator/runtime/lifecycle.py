"""What an operator does to one instance; each command is ordered with its other inputs, and journaled with who and why.

Whether a command can still be done is decided when it is applied: one that came too late changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime import intake, nudge, store_intake
from orchestrator.runtime.accepting import MAX_ID
from orchestrator.runtime.inputs import ENDED
from orchestrator.runtime.intake import CommandError
from orchestrator.runtime.models import ActivityRun, Instance
from orchestrator.runtime.requests import Accepted
from orchestrator.runtime.store import batch
from orchestrator.runtime.store_intake import InboxRow
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.lifecycle import Refused, check_skip, check_target
from orchestrator.statechart.snapshot import Snapshot, from_json


def cancel(instance: int, reason: str, actor: str) -> Accepted:
    """Ask an instance to stop; journaled with who and why. Raises CommandError when unknown or finished."""
    return _command(_status(instance), "cancel", reason, actor)


def suspend(instance: int, reason: str, actor: str) -> Accepted:
    """Let an instance rest: what is sent to it is accepted and waits, no timer fires and no activity begins."""
    found = _status(instance)
    if found.status in ("suspended", "failed"):
        raise CommandError("finished", f"the instance is {found.status}; it does not move anyway", "instance")
    return _command(found, "suspend", reason, actor)


def resume(instance: int, reason: str, actor: str) -> Accepted:
    """Let a suspended instance go on with all that waited, in its old order."""
    found = _status(instance)
    if found.status != "suspended":
        raise CommandError("finished", f"the instance is {found.status}, not suspended", "instance")
    return _command(found, "resume", reason, actor)


def retry(instance: int, reason: str, actor: str) -> int:
    """Try the failed activities of an instance again at once; returns how many. A failed instance runs again."""
    found = _status(instance)
    snapshot = _snapshot(instance)
    runs = ActivityRun.objects.filter(instance=instance, invocation__in=snapshot.awaited)
    waiting = runs.filter(status="failed").count() + runs.filter(status="pending", attempts__gt=0).count()
    waiting += len(snapshot.suspended)
    if waiting or found.status == "failed":
        _command(found, "retry", reason, actor)
    return waiting


def skip(instance: int, activity: str, given: Mapping[str, JSON], reason: str, actor: str) -> Accepted:
    """Take an activity that runs or has failed as done, with the `result` in `given` if there is one.

    Raises CommandError.
    """
    intake.text(activity, "activity", required=True)
    intake.data_text(given, "result")
    if not isinstance(reason, str) or not reason.strip():
        raise CommandError("invalid", "reason is missing; say why it counts as done", "reason")
    found = _status(instance)
    try:
        check_skip(_snapshot(instance), activity)
    except Refused as error:
        raise CommandError("conflict", f"{error}", "activity") from error
    result = {"result": given["result"]} if "result" in given else {}
    return _command(found, "skip", reason, actor, activity=activity, **result)


def move(instance: int, state: str, reason: str, actor: str) -> Accepted:
    """Let an instance leave all it is in and enter this state; actions run. Raises CommandError."""
    intake.text(state, "state", required=True)
    if not isinstance(reason, str) or not reason.strip():
        raise CommandError("invalid", "reason is missing; say why the instance is moved", "reason")
    found = _status(instance)
    try:
        check_target(chart_of(found.version_id, found.part), _snapshot(instance), state)
    except Refused as error:
        raise CommandError("conflict", f"{error}", "state") from error
    return _command(found, "move", reason, actor, state=state)


def _snapshot(instance: int) -> Snapshot:
    """Where the instance stands; nothing of a damaged one can be retried."""
    try:
        return from_json(Instance.objects.values_list("snapshot", flat=True).get(pk=instance))
    except ValueError:
        return Snapshot()


def _status(instance: int) -> Instance:
    known = type(instance) is int and 0 < instance <= MAX_ID
    found = Instance.objects.only("pk", "status", "version", "part").filter(pk=instance).first() if known else None
    if found is None:
        raise CommandError("unknown-instance", f"there is no instance {instance!r:.40}; check its id", "instance")
    if found.status in ENDED:
        raise CommandError("finished", f"the instance is {found.status}; nothing is left to do", "instance")
    return found


def _command(found: Instance, name: str, reason: str, actor: str, **more: JSON) -> Accepted:
    data = json.dumps({"reason": intake.text(reason, "reason"), **more})
    with batch() as cursor:
        ids, now = store_intake.new_ids(cursor, 1)
        row = InboxRow(ids[0], found.pk, "command", name, data, "", actor, now)
        nudge.after_commit(store_intake.fill_inbox(cursor, [row]))
    return Accepted(ids[0], found.pk)
