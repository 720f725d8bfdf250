"""What the schedule tests share."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from orchestrator.definitions.models import Machine
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, send
from orchestrator.runtime.models import Instance
from orchestrator.schedules import commands, store
from orchestrator.schedules.commands import Draft
from orchestrator.schedules.models import Schedule
from orchestrator.schedules.recurrence import Recurrence

DOCUMENT: dict[str, Any] = {
    "signalbox": 1,
    "id": "report",
    "title": "Report",
    "initial": "waiting",
    "context": {"scheduledFor": "", "rows": 0},
    "states": {"waiting": {"on": [{"event": "finish", "target": "done"}]}, "done": {"type": "final"}},
}
MINUTE = timedelta(minutes=1)


def scheduled(machine: Machine, name: str = "nightly", **policies: Any) -> Schedule:
    """A schedule of every minute."""
    recurrence = policies.pop("recurrence", Recurrence("cron", "* * * * *"))
    return commands.create(machine, name, Draft(recurrence, **policies), "user:ada")


def overdue(schedule: Schedule, times: int) -> list[datetime]:
    """Let the last `times` minutes be due; returns them, oldest first."""
    last = store.now().replace(second=0, microsecond=0)
    due = [last - MINUTE * back for back in reversed(range(times))]
    Schedule.objects.filter(pk=schedule.pk).update(next_at=due[0])
    return due


def outcomes(schedule: Schedule) -> list[str]:
    """What became of the schedule's times, oldest first."""
    return list(schedule.firings.order_by("due").values_list("outcome", flat=True))


def finish(instance: int) -> None:
    """Let an instance reach its end."""
    send(EventRequest("finish", instance=instance))
    drain()
    assert Instance.objects.get(pk=instance).status == "completed"
