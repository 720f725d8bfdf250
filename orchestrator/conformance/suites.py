"""Every suite by name: one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from orchestrator.conformance import unread
from orchestrator.conformance.outcome import Outcome

Suite = Callable[[Path, str], Iterator[Outcome]]

# A suite takes a folder and a glob over the paths of its cases within that folder.
SUITES: Mapping[str, Suite] = {
    "asl": unread.run,
    "asl-validator": unread.run,
}
