"""Where the cases made by others lie; they are read from there and never copied."""

from __future__ import annotations

from pathlib import Path

import pytest

CASES = Path(__file__).parents[3] / "shared" / "conformance"


def cases_of(suite: str) -> Path:
    """The folder of a suite; skips the test where the cases are absent."""
    folder = CASES / suite
    if not folder.is_dir():
        pytest.skip(f"the conformance cases of others are not at {folder}")
    return folder
