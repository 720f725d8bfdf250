"""Every suite by name: one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from orchestrator.conformance import mermaid, scion, unread, w3c
from orchestrator.conformance.outcome import Outcome

Suite = Callable[[Path, str], Iterator[Outcome]]

# A suite takes a folder and a glob over the paths of its cases within that folder.
SUITES: Mapping[str, Suite] = {
    "scion": scion.run,
    "w3c": w3c.run,
    "mermaid": mermaid.run,
    "asl": unread.run,
    "asl-validator": unread.run,
}
