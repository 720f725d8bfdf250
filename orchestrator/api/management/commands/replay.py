"""`manage.py replay FILE --machine SLUG`: feed an event log to a machine through the REST API, as any client would."""

from __future__ import annotations

import math
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from orchestrator.api import tokens
from orchestrator.definitions.shell import user_named
from orchestrator.operations.management.plain import PlainCommand
from orchestrator.sdk.client import ApiError, Client, Unreachable
from orchestrator.sdk.eventlog import LogError
from orchestrator.sdk.replay import Outcome, Plan, ReplayError, replay

TOKEN_LIFETIME = timedelta(days=1)
PROGRESS_EVERY = 1.0  # seconds


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not (math.isfinite(speed) and speed > 0):
        raise ArgumentTypeError("give a number above 0, or max")
    return speed


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 10**12:
        raise ArgumentTypeError("give a whole number above 0")
    return int(text)


class Command(PlainCommand):
    help = "Replay an event log (CSV or CSV.gz: case, event, lifecycle, time, ...) to instances keyed by case."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the log")
        parser.add_argument("--machine", required=True, help="slug of the machine")
        parser.add_argument("--speed", type=_speed, default=None, metavar="X", help="times real time, or max (default)")
        parser.add_argument("--limit", type=_count, metavar="N", help="send only the first N events")
        parser.add_argument("--url", default="", help="address of Signalbox; by default this installation's")
        parser.add_argument(
            "--token", default="", help="API token; by default one of an administrator, revoked at the end"
        )

    def handle(
        self,
        *,
        file: Path,
        machine: str,
        speed: float | None,
        limit: int | None,
        url: str,
        token: str,
        **options: object,
    ) -> None:
        if url and not token:
            raise CommandError("Give --token with --url; manage.py token makes one there.")
        plan = Plan(path=file, machine=machine, speed=speed, limit=limit)
        progress = Progress(self.stderr.isatty())
        try:
            with _token(token) as secret, Client(url or settings.BASE_URL, secret) as client:
                outcome = replay(plan, client, progress)
        except (LogError, ReplayError, ApiError, Unreachable, ValueError) as error:
            progress.end()
            raise CommandError(str(error)) from None
        progress.end()
        self._report(outcome)

    def _report(self, outcome: Outcome) -> None:
        for reason in outcome.reasons:
            self.stderr.write(f"refused: {reason}")
        for state in outcome.summary["states"]:
            self.stdout.write(f"{state['count']:>10,} {state['state']}")
        self.stdout.write(
            f"{outcome.sent:,} events sent, {outcome.applied:,} applied, {outcome.ignored:,} ignored, "
            f"{outcome.lost:,} lost, {outcome.seconds:.1f} s"
        )
        if outcome.lost:
            sys.exit(1)


class Progress:
    """One line on stderr: rewritten in place on a terminal, otherwise a line now and then."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._shown = 0.0

    def __call__(self, text: str) -> None:
        if time.monotonic() - self._shown < PROGRESS_EVERY:
            return
        self._shown = time.monotonic()
        sys.stderr.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._terminal:
            sys.stderr.write("\r\x1b[K")


@contextmanager
def _token(given: str) -> Iterator[str]:
    """The given secret, or one of a token of the administrator's which is revoked at the end."""
    if given:
        yield given
        return
    token, secret = tokens.issue(user_named(""), "replay", lifetime=TOKEN_LIFETIME)
    try:
        yield secret
    finally:
        tokens.revoke(token)
