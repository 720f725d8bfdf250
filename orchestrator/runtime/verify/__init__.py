"""Check what must always hold: journals are gapless, and replaying one gives the stored snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterator

from orchestrator.definitions.charts import chart_of
from orchestrator.runtime.inputs import Input
from orchestrator.runtime.models import Instance, JournalEntry
from orchestrator.runtime.verify.replaying import replayed
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.snapshot import Snapshot, to_json
from orchestrator.statechart.transition import Environment


def problems(machine: int | None = None) -> Iterator[str]:
    """One sentence per broken invariant; nothing when all hold. Run it while no drain is under way."""
    found = Instance.objects.order_by("pk")
    for instance in (found if machine is None else found.filter(machine=machine)).iterator():
        yield from instance_problems(instance)


def instance_problems(instance: Instance) -> Iterator[str]:
    """The broken invariants of one instance."""
    entries = list(JournalEntry.objects.filter(instance=instance.pk).order_by("seq"))
    if [entry.seq for entry in entries] != list(range(1, instance.seq + 1)):
        yield f"instance {instance.pk}: the journal has gaps before {instance.seq}"
        return
    stands = _replay(chart_of(instance.version_id, instance.part), instance, entries)
    stored = instance.snapshot if instance.seq else None
    again = to_json(stands) if stands else None
    if (json.loads(again) if again else None) != (json.loads(stored) if stored else None):
        yield f"instance {instance.pk}: replaying its journal does not give its snapshot"


def _replay(chart: Chart, instance: Instance, entries: list[JournalEntry]) -> Snapshot | None:
    """Where the journal says that the instance stands."""
    rows = (
        (
            Input(
                entry.event,
                instance.pk,
                entry.kind,
                entry.name,
                entry.data,
                entry.source,
                entry.actor,
                entry.occurred_at,
            ),
            entry.outcome,
        )
        for entry in entries
    )
    return replayed(chart, rows, Environment(instance.pk, instance.key, parent=instance.parent_id is not None))
