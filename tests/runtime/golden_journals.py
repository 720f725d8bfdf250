"""Golden journals: what an instance of a past release was given, and where that release left it.

One JSON file holds one instance: its chart document, the journal rows which a replay needs, and the stored snapshot.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orchestrator.runtime.inputs import Input
from orchestrator.runtime.writes import InstanceWrite, JournalWrite

FOLDER = Path(__file__).parent / "golden"
KEPT = ("event", "kind", "name", "data", "outcome", "source", "actor")


@dataclass(frozen=True, slots=True)
class Golden:
    """`journal` holds inputs with their outcomes; `snapshot` is the JSON value that stood in the instance's row."""

    document: dict[str, Any]
    instance: int
    key: str
    journal: list[tuple[Input, str]]
    snapshot: dict[str, Any]


def write(path: Path, document: dict[str, Any], row: InstanceWrite, key: str, journal: list[JournalWrite]) -> None:
    """One line per journal row, so that a difference can be read."""
    kept = [
        {**{name: getattr(one, name) for name in KEPT}, "occurred_at": one.occurred_at.isoformat()} for one in journal
    ]
    parts = [
        f'"instance": {_line({"id": row.id, "key": key})}',
        f'"document": {_line(document)}',
        '"journal": [\n' + ",\n".join(_line(one) for one in kept) + "\n]",
        f'"snapshot": {_line(json.loads(row.snapshot))}',
    ]
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def read(path: Path) -> Golden:
    given = json.loads(path.read_text(encoding="utf-8"))
    number = given["instance"]["id"]
    return Golden(
        given["document"],
        number,
        given["instance"]["key"],
        [(_input(number, row), row["outcome"]) for row in given["journal"]],
        given["snapshot"],
    )


def _input(instance: int, row: dict[str, Any]) -> Input:
    when = datetime.fromisoformat(row["occurred_at"])
    return Input(row["event"], instance, row["kind"], row["name"], row["data"], row["source"], row["actor"], when)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
