"""`manage.py archive [--dry-run]`: archive and prune by policy now, instead of waiting for beat's sweep."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser

from orchestrator.operations.management.plain import PlainCommand
from orchestrator.runtime import retention

LONGEST = 86_400.0  # seconds


class Command(PlainCommand):
    help = "Move finished instances into the archive and remove keys and incidents which have had their time."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="count what has had its time, and change nothing")
        parser.add_argument("--budget", type=float, default=600.0, metavar="SECONDS", help="stop after this time (600)")

    def handle(self, *, dry_run: bool, budget: float, **options: object) -> None:
        if not 0 < budget <= LONGEST:
            raise CommandError(f"--budget must be more than 0 and at most {LONGEST:.0f} seconds.")
        try:
            counts = retention.due() if dry_run else retention.sweep(budget)
        except OSError as error:
            raise CommandError(f"The archive cannot be written: {error}. Nothing of this batch was removed.") from None
        for name, count in counts.items():
            self.stdout.write(f"{count:>10,} {name} {'have had their time' if dry_run else 'removed'}")
