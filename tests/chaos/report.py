"""The table of what was survived, gathered over several runs in one file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.chaos.outcome import Fault, Outcome, Size

HEAD = "| row | fault | rounds | of | lost | doubled | recovered in | took | |\n|---|---|---|---|---|---|---|---|---|"


class Report:
    """Results by the name of the fault; a fault that runs again replaces its older result."""

    def __init__(self, path: Path, machine: str) -> None:
        self._path, self._machine = path, machine
        self._rows: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.exists() else {}

    def add(self, name: str, found: Fault, size: Size, outcome: Outcome, took: float) -> None:
        self._rows[name] = {
            "row": found.row,
            "fault": found.title,
            **asdict(outcome),
            "items": size.items,
            "seed": size.seed,
            "took": round(took, 1),
            "machine": self._machine,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(json.dumps(self._rows, indent=1))
        self._path.with_suffix(".md").write_text(self.table() + "\n")

    def holds(self, names: Iterable[str]) -> bool:
        """Whether nothing was lost, doubled or otherwise wrong under these faults."""
        rows = [self._rows[name] for name in names]
        return not any(row["lost"] or row["doubled"] or row["problems"] for row in rows)

    def table(self) -> str:
        rows = sorted(self._rows.values(), key=lambda row: (row["row"], row["fault"]))
        return "\n".join([HEAD, *map(_line, rows)])


def _line(row: dict[str, Any]) -> str:
    recovered = "" if row["recovered"] is None else f"{row['recovered']:.1f} s"
    said = row["note"] or ("" if not row["problems"] else f"{len(row['problems'])} problems")
    cells = [row["row"], row["fault"], f"{row['rounds']:,}", f"{row['items']:,}", row["lost"], row["doubled"]]
    return "| " + " | ".join(map(str, [*cells, recovered, f"{row['took']:.0f} s", said])) + " |"
