"""`manage.py archived order-1 [--machine SLUG]`: an instance that lies in the archive, with its history."""

from __future__ import annotations

import json
from dataclasses import asdict

from django.core.management.base import CommandError, CommandParser

from orchestrator.operations.management.plain import PlainCommand, machine_named
from orchestrator.runtime.retention.reading import Archived, archived


class Command(PlainCommand):
    help = "Show an archived instance with its journal, activities and incidents."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", help="business key of the instance")
        parser.add_argument("--machine", default="", metavar="SLUG", help="only those of this machine")
        parser.add_argument("--json", action="store_true", help="write all that was kept, one instance a line")

    def handle(self, *, key: str, machine: str, **options: object) -> None:
        slug = machine_named(machine).slug if machine else ""
        try:
            found = list(archived(key, slug))
        except OSError as error:
            raise CommandError(f"The archive cannot be read: {error}.") from None
        if not found:
            raise CommandError(f"The archive has no instance “{key}”.")
        for one in found:
            self.stdout.write(json.dumps(asdict(one), ensure_ascii=False) if options["json"] else _shown(one))


def _shown(one: Archived) -> str:
    row = one.instance
    lines = [f"Instance {row['id']} ({row['key']}) of {one.machine}, version {one.version}, {row['status']}"]
    lines += [f"  {j['seq']:>5} {j['occurred_at']} {j['name']} {j['outcome']}{_arrow(j)}" for j in one.journal]
    lines += [f"  activity {a['invocation']} {a['status']}, attempt {a['attempts']}" for a in one.activity]
    lines += [f"  incident {n['kind']}: {n['message']} ({n['resolution'] or 'open'})" for n in one.incident]
    return "\n".join(lines)


def _arrow(entry: dict[str, str]) -> str:
    entered = json.loads(entry["detail"]).get("entered")
    return " -> " + ", ".join(entered) if entered else ""
