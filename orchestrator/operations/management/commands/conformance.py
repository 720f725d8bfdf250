"""`manage.py conformance SUITE DIR`: run cases made by others and say of each whether it passes."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestrator.conformance.outcome import Outcome
from orchestrator.conformance.suites import SUITES


class Command(BaseCommand):
    help = "Run a conformance suite: a line for each case, then how many passed and failed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("suite", choices=sorted(SUITES), help="what kind of cases these are")
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the cases")
        parser.add_argument("--json", type=Path, metavar="FILE", help="also write the outcomes to this file")
        parser.add_argument("--only", default="*", metavar="GLOB", help="only cases whose path matches")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}; give the one with the cases.")
        found: list[Outcome] = []
        for outcome in SUITES[options["suite"]](folder, options["only"]):
            self.stdout.write(outcome.line())
            self.stdout.flush()
            found.append(outcome)
        self._keep(options["json"], found)
        beyond = sum(outcome.out_of_scope for outcome in found)
        passed = sum(outcome.passed for outcome in found)
        if beyond:
            self.stdout.write(f"{beyond} out of scope, see above")
        self.stdout.write(f"{passed} passed, {len(found) - passed - beyond} failed")

    def _keep(self, file: Path | None, found: list[Outcome]) -> None:
        if file is None:
            return
        try:
            file.write_text(json.dumps([asdict(outcome) for outcome in found], indent=2) + "\n")
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror}; choose another file.") from error
