"""What a channel is: a function which takes an alert and its facts to people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.alerts.models import Alert
from orchestrator.alerts.report import Report


@dataclass(frozen=True, slots=True)
class Sent:
    """The message is out, under this subject; `trouble` says who of several did not get it (shown to operators)."""

    subject: str
    trouble: str = ""


Channel = Callable[[Alert, Report], Sent]  # raises TransportError when nothing was sent


class TransportError(Exception):
    """The message was not sent. `permanent` means that trying again cannot help; the text is shown to operators."""

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent
