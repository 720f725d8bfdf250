"""`manage.py syncmachines [MODULE ...] [--check] [--dry-run]`: publish the machines that are declared in code."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from designer import sync
from orchestrator.definitions.shell import PlainCommand, user_named


class Command(PlainCommand):
    help = "Publish a new version of each machine whose code differs from its newest version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("modules", nargs="*", metavar="MODULE", help="by default those of MACHINE_MODULES")
        parser.add_argument("--check", action="store_true", help="change nothing; end with 1 if something would change")
        parser.add_argument("--dry-run", action="store_true", help="change nothing; say what would change")
        parser.add_argument("--user", default="", help="who publishes; by default the first administrator")

    def handle(self, *, modules: list[str], check: bool, dry_run: bool, user: str, **options: object) -> None:
        named = modules or settings.MACHINE_MODULES
        if not named:
            raise CommandError("Name the modules in which machines are declared, or list them in MACHINE_MODULES.")
        try:
            found = sync.find(named)
            if not found:
                raise CommandError(f"There is no Machine under a public name in {', '.join(named)}.")
            publisher = None if check or dry_run else user_named(user)
            actions = [self._one(one, publisher) for one in found]
        except sync.SyncError as error:
            raise CommandError(str(error)) from None
        if refused := actions.count("refuse"):
            raise CommandError(f"Not published because of problems: {refused} of {len(found)} machines.")
        if check and set(actions) != {"nothing"}:
            raise CommandError("The code is not what is published; run manage.py syncmachines.")

    def _one(self, found: sync.Found, publisher: User | None) -> str:
        """Publish one machine, or with nobody to do so look at it, and print its line."""
        made = sync.plan(found) if publisher is None else sync.carry_out(found, publisher)
        self.stdout.write(f"{made.slug}: {_outcome(made, publisher is None)}")
        for problem in made.problems:
            self.stderr.write(f"  {problem}")
        return made.action


def _outcome(made: sync.Plan, only_looked: bool) -> str:
    """What became of a machine, or would."""
    if made.action == "refuse":
        return "has problems, nothing is published"
    if made.action == "nothing":
        return f"unchanged, version {made.number}"
    done = f"{'would publish' if only_looked else 'published'} version {made.number}"
    new = " of a new machine" if made.action == "create" else ""
    kept = "; the draft in the browser has changes of its own and stays as it is" if made.keeps_draft else ""
    return done + new + kept
