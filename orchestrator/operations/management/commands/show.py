"""`manage.py show order-fulfilment [order-1]`: where a machine's instances stand, or one instance with its journal."""

from __future__ import annotations

import json

from django.core.management.base import CommandParser

from orchestrator.definitions.models import Machine
from orchestrator.operations.management.plain import PlainCommand, instance_named, machine_named
from orchestrator.runtime import queries
from orchestrator.runtime.listings import instance_detail
from orchestrator.runtime.queries import JournalRow


class Command(PlainCommand):
    help = "Show where a machine's instances stand, or one instance with the end of its journal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("machine", help="slug of the machine")
        parser.add_argument("key", nargs="?", default="", help="business key of an instance")
        parser.add_argument("--journal", type=int, default=20, metavar="N", help="newest journal rows to show (20)")

    def handle(self, *, machine: str, key: str, journal: int, **options: object) -> None:
        found = machine_named(machine)
        if key:
            self._instance(instance_named(found, key), max(0, min(journal, queries.PAGE)))
        else:
            self._machine(found)

    def _machine(self, machine: Machine) -> None:
        version = f"version {machine.current.number}" if machine.current else "not published"
        self.stdout.write(f"{machine.title} ({machine.slug}), {version}")
        for row in queries.state_counts(machine.pk):
            stuck = f", {row.stuck:,} stuck" if row.stuck else ""
            self.stdout.write(f"{row.count:>10,} {row.state}{stuck}")
        self.stdout.write(f"{queries.pending(machine.pk):>10,} inputs wait to be applied")

    def _instance(self, pk: int, journal: int) -> None:
        found = instance_detail(pk)
        if found is None:
            return
        row = found.row
        self.stdout.write(f"Instance {row.id} ({row.key}), version {row.version}, {row.status}")
        for state in row.configuration:
            since = found.entered.get(state)
            self.stdout.write(f"  in {state}" + (f" since {since.isoformat()}" if since else ""))
        self.stdout.write(f"  context {json.dumps(found.context, ensure_ascii=False)}")
        for activity in found.activities:
            error = f": {activity.last_error}" if activity.last_error else ""
            self.stdout.write(f"  activity {activity.invocation} {activity.status}, attempt {activity.attempts}{error}")
        for incident in found.incidents:
            if incident.resolved_at is None:
                self.stdout.write(f"  incident {incident.kind} in {incident.state}: {incident.message}")
        for entry in queries.journal(pk, after=max(0, found.seq - journal), limit=journal):
            self.stdout.write(_line(entry))


def _line(entry: JournalRow) -> str:
    entered = entry.detail.get("entered")
    arrow = " -> " + ", ".join(str(state) for state in entered) if isinstance(entered, list) and entered else ""
    return f"  {entry.seq:>5} {entry.occurred_at.isoformat()} {entry.name} {entry.outcome}{arrow}"
