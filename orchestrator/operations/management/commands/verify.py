"""`manage.py verify [--machine SLUG]`: check on the live database that nothing was lost, doubled or forgotten."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from django.core.management.base import CommandError, CommandParser

from orchestrator.operations.management.plain import PlainCommand, machine_named
from orchestrator.runtime import verify
from orchestrator.runtime.verify.report import SHOWN, TITLES, Report


class Command(PlainCommand):
    help = "Check the invariants I1 to I7 while the engine runs. Ends with 1 when one is broken."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--machine", default="", metavar="SLUG", help="only the instances of this machine")
        parser.add_argument("--sample", type=int, metavar="N", help="replay the journals of N instances, not of all")
        parser.add_argument(
            "--grace", type=float, default=verify.GRACE, metavar="SECONDS", help="how long due work may wait (60)"
        )
        parser.add_argument("--json", action="store_true", help="write the report as JSON")

    def handle(self, *, machine: str, sample: int | None, grace: float, **options: object) -> None:
        if sample is not None and not 0 <= sample <= 2**31:
            raise CommandError("--sample must be a whole number from 0 on.")
        if not 0 <= grace <= 10**9:
            raise CommandError("--grace must be a number of seconds from 0 on.")
        found = verify.check(machine_named(machine).pk if machine else None, sample, grace)
        self.stdout.write(_as_json(found) if options["json"] else _as_table(found))
        if found.problems:
            sys.exit(1)


def _as_json(report: Report) -> str:
    invariants = [
        {"id": name, "title": title, "checked": report.checked[name], "broken": report.broken[name]}
        for name, title in TITLES.items()
    ]
    return json.dumps({"invariants": invariants, "problems": [asdict(one) for one in report.problems]}, indent=2)


def _as_table(report: Report) -> str:
    lines = [f"{'':<4}{'invariant':<50}{'checked':>12}{'broken':>10}"]
    for name, title in TITLES.items():
        lines.append(f"{name:<4}{title:<50}{report.checked[name]:>12,}{report.broken[name]:>10,}")
    lines.extend(f"{problem}." for problem in report.problems)
    if untold := sum(report.broken.values()) - len(report.problems):
        lines.append(f"{untold:,} more are counted above; at most {SHOWN} of each invariant are told.")
    return "\n".join(lines)
