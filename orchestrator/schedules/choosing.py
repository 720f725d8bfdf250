"""Which of the times that are due start an instance: catch-up first, then overlap. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

GRACE = timedelta(minutes=1)  # a time that is late by less was not missed
BUSY = "an instance was still running"

Action = Literal["start", "queue", "skip"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of one time; `reason` says why it starts nothing."""

    due: datetime
    action: Action
    reason: str = ""


def caught_up(policy: str, due: Sequence[datetime], now: datetime, more: bool) -> Sequence[datetime]:
    """The times which are not given up. `more` says that still later ones are due."""
    if policy == "all":
        return due
    if policy == "skip":
        return [at for at in due if at > now - GRACE]
    return [] if more else due[-1:]


def chosen(policy: str, due: Sequence[datetime], running: bool, queued: bool) -> list[Choice]:
    """What the overlap policy makes of each time, oldest first."""
    if policy == "allow":
        return [Choice(at, "start") for at in due]
    if policy == "cancel-old":
        newer = "a newer time took its place"
        return [Choice(at, "skip", newer) for at in due[:-1]] + [Choice(at, "start") for at in due[-1:]]
    choices: list[Choice] = []
    for at in due:
        if not running and not queued:
            running = True
            choices.append(Choice(at, "start"))
        elif policy == "queue-one" and not queued:
            queued = True
            choices.append(Choice(at, "queue", BUSY))
        else:
            choices.append(Choice(at, "skip", BUSY))
    return choices
