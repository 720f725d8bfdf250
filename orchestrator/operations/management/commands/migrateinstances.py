"""`manage.py migrateinstances order --to 4 --map review=check --where state=review --dry-run`: change versions."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.management.base import CommandError, CommandParser

from orchestrator.operations.management.plain import ACTOR, PlainCommand
from orchestrator.runtime import commands
from orchestrator.runtime.advance import drain
from orchestrator.statechart.migration import ACCEPTABLE

WHERE = ("state", "status", "version", "key", "instance")


class Command(PlainCommand):
    help = "Let running instances of a machine go on in another of its versions; those that do not fit stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("machine", help="slug of the machine")
        parser.add_argument("--to", type=int, required=True, metavar="VERSION", help="number of the version")
        parser.add_argument(
            "--map", action="append", default=[], metavar="OLD=NEW", help="a state that has another id there"
        )
        parser.add_argument(
            "--where",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"only those of this {', '.join(WHERE)}; of several values of one name any (status and key take one)",
        )
        parser.add_argument(
            "--accept", action="append", default=[], choices=ACCEPTABLE, help="a loss that strands no instance"
        )
        parser.add_argument("--reason", default="", help="why; it is journaled with each instance")
        parser.add_argument("--dry-run", action="store_true", help="only say what would become of them")

    def handle(
        self,
        *,
        machine: str,
        to: int,
        map: list[str],
        where: list[str],
        accept: list[str],
        reason: str,
        dry_run: bool,
        **options: object,
    ) -> None:
        chosen = _where(where)
        request = commands.MigrationRequest(
            machine=machine,
            to=to,
            mapping=dict(_pair(text, "--map") for text in map),
            accept=accept,
            reason=reason,
            states=chosen["state"],
            status=_one(chosen["status"], "status"),
            key=_one(chosen["key"], "key"),
            versions=_numbers(chosen["version"], "version"),
            instances=_numbers(chosen["instance"], "instance"),
        )
        planned = commands.migrate(request, ACTOR, dry_run=dry_run, progress=self._tell_progress)
        self._tell(planned)
        if not dry_run:
            drain()
            left = commands.migrate(request, ACTOR, dry_run=True).chosen
            self.stdout.write(f"{planned.asked:,} were asked; {left:,} are not in version {to} now.")

    def _tell_progress(self, report: commands.MigrationReport) -> None:
        if report.chosen > 500:
            self.stderr.write(f"{report.chosen:,} looked at")

    def _tell(self, report: commands.MigrationReport) -> None:
        kinds = report.kinds
        self.stdout.write(
            f"{report.chosen:,} instances: {kinds['fits']:,} fit, {kinds['needs-mapping']:,} need a mapping, "
            f"{kinds['stranded']:,} are stranded."
        )
        for title, found in (("", report.reasons), ("note: ", report.notes)):
            for reason, count in found.most_common():
                some = ", ".join(str(instance) for instance in report.samples[reason])
                self.stdout.write(f"{count:>8,}  {title}{reason.code}: {reason.message}. {reason.mend} ({some})")


def _where(texts: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in WHERE}
    for text in texts:
        name, value = _pair(text, "--where")
        if name not in found:
            raise CommandError(f"--where knows no {name}; use one of {', '.join(WHERE)}.")
        found[name].append(value)
    return found


def _pair(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise CommandError(f"{option} takes NAME=VALUE, not “{text}”.")
    return name, value


def _one(values: Sequence[str], name: str) -> str:
    if len(values) > 1:
        raise CommandError(f"--where takes one {name}.")
    return "".join(values)


def _numbers(values: Sequence[str], name: str) -> list[int]:
    if not all(value.isascii() and value.isdecimal() and len(value) < 19 for value in values):
        raise CommandError(f"--where {name} takes a number.")
    return [int(value) for value in values]
