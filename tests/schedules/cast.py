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
    """A schedule of every minute, whose last time was 30 s ago, so that none comes due while a test runs."""
    begin = store.now().replace(microsecond=0) - timedelta(days=30, seconds=30)
    recurrence = policies.pop("recurrence", Recurrence("interval", "PT1M", "UTC", begin))
    return commands.create(machine, name, Draft(recurrence, **policies), "user:ada")


def overdue(schedule: Schedule, times: int) -> list[datetime]:
    """Let the last `times` minutes be due; returns them, oldest first."""
    last = store.now().replace(microsecond=0) - timedelta(seconds=30)
    if schedule.starts_at:
        last = schedule.starts_at + (store.now() - schedule.starts_at) // MINUTE * MINUTE
    due = [last - MINUTE * back for back in reversed(range(times))]
    Schedule.objects.filter(pk=schedule.pk).update(next_at=due[0])
    return due


def past(schedule: Schedule, times: int) -> tuple[datetime, datetime]:
    """A range of so many times of a schedule of every minute, long ago."""
    if schedule.starts_at is None:
        raise AssertionError("the schedule has a start")
    first = schedule.starts_at + timedelta(days=20)
    return first, first + MINUTE * (times - 1)


def outcomes(schedule: Schedule) -> list[str]:
    """What became of the schedule's times, oldest first."""
    return list(schedule.firings.order_by("due").values_list("outcome", flat=True))


def finish(instance: int) -> None:
    """Let an instance reach its end."""
    send(EventRequest("finish", instance=instance))
    drain()
    assert Instance.objects.get(pk=instance).status == "completed"
