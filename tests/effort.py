"""How many examples a law is tried on: a fifth in `make test`, all of them in `make laws`."""

from __future__ import annotations

import os

SHARE = 1 if os.environ.get("LAWS") == "full" else 5


def examples(full: int) -> int:
    """The share of `full` that this run can afford; what differs between runs are only the numbers of examples."""
    return full // SHARE
