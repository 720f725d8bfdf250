"""`manage.py rollout order 3=90 4=10`: spread new starts over versions; `--reset` ends that."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser

from orchestrator.definitions.rollout import RolloutError, set_rollout, weights_of
from orchestrator.operations.management.plain import PlainCommand, machine_named


class Command(PlainCommand):
    help = "Show or set by which weights new instances start in the versions of a machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("machine", help="slug of the machine")
        parser.add_argument("weights", nargs="*", metavar="VERSION=WEIGHT", help="weights that add up to 100")
        parser.add_argument("--reset", action="store_true", help="let all start in the current version")

    def handle(self, *, machine: str, weights: list[str], reset: bool, **options: object) -> None:
        found = machine_named(machine)
        if weights and reset:
            raise CommandError("Give weights or --reset, not both.")
        if weights or reset:
            try:
                set_rollout(found, dict(_weight(text) for text in weights))
            except RolloutError as error:
                raise CommandError(f"Nothing was changed: {error}.") from None
        number = found.current.number if found.current else 0
        for version, weight in (weights_of(found) or {number: 100}).items():
            name = f"version {version}" if version else "no version yet"
            self.stdout.write(f"{weight:>4} % of new instances start in {name}")


def _weight(text: str) -> tuple[int, int]:
    number, _, weight = text.partition("=")
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (number, weight)):
        raise CommandError(f"Give VERSION=WEIGHT in whole numbers, not “{text}”.")
    return int(number), int(weight)
