"""The read side of the archive: an instance that was moved out of the database, as it stood there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from orchestrator.runtime.models_archive import ArchivedInstance
from orchestrator.runtime.retention import files


@dataclass(slots=True)
class Archived:
    """Rows as they stood in their tables; `version` is the number of the machine's version."""

    machine: str
    version: int
    instance: dict[str, Any]
    journal: list[dict[str, Any]] = field(default_factory=list)
    activity: list[dict[str, Any]] = field(default_factory=list)
    incident: list[dict[str, Any]] = field(default_factory=list)


def archived(key: str, machine: str = "") -> Iterator[Archived]:
    """The archived instances of a business key, the latest first. Raises OSError when a file cannot be read."""
    found = ArchivedInstance.objects.filter(key=key).order_by("-instance")
    for row in found.filter(machine__slug=machine) if machine else found:
        yield _read(row)


def _read(row: ArchivedInstance) -> Archived:
    result: Archived | None = None
    for line in files.read(row.file):
        part = json.loads(line)
        if "instance" in part:
            if result is not None:
                break
            if part["instance"]["id"] == row.instance:
                result = Archived(part["machine"], part["version"], part["instance"])
        elif result is not None:
            ((kind, values),) = part.items()
            getattr(result, kind).append(values)
    if result is None:
        raise OSError(f"{row.file} does not hold instance {row.instance}")
    return result
