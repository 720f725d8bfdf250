"""What other commands of this folder must know while Signalbox runs in it: the services' addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from orchestrator.embedded.files import write_private
from orchestrator.embedded.lock import is_held


def lock_path(var: Path) -> Path:
    return var / "lock"


def announce(var: Path, environment: Mapping[str, str]) -> None:
    """Let commands of this folder find the services; the addresses carry passwords, so the file is private."""
    write_private(_path(var), json.dumps(dict(environment)))


def withdraw(var: Path) -> None:
    _path(var).unlink(missing_ok=True)


def environment(var: Path) -> dict[str, str]:
    """The variables of the Signalbox that runs in this folder, or none when none runs or they may not be read."""
    if not is_held(lock_path(var)):
        return {}
    try:
        found = json.loads(_path(var).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()}


def _path(var: Path) -> Path:
    return var / "running.json"
