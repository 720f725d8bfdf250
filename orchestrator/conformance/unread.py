"""Suites of a format that has no reader yet: every case fails and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.conformance.cases import cases
from orchestrator.conformance.outcome import Outcome


def run(folder: Path, only: str) -> Iterator[Outcome]:
    """One failure for each case of Amazon States Language."""
    for name, _ in cases(folder, "*.json", only):
        yield Outcome(name, False, "Amazon States Language cannot be read yet")
