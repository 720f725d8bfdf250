"""The harness's end of a victim: give it a job, perhaps a point at which to die, and hear what became of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from orchestrator.embedded.creation import last_line
from tests.chaos.points import Control
from tests.embedded.outside import ROOT


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: killed, or with an answer; `told` is what it had said by then."""

    killed: bool
    answer: Any
    told: list[Any]


class Victim:
    """One order at a time."""

    def __init__(self, var: Path, name: str, environment: Mapping[str, str]) -> None:
        self.control = var / f"{name}.json"
        self._out = var / f"{name}.out"
        self._log_file = var / f"{name}.log"
        self._log = self._log_file.open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.victim"],
            cwd=ROOT,
            env={**environment, "CHAOS_CONTROL": str(self.control), "DJANGO_SETTINGS_MODULE": "orchestrator.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def begin(self, job: str, control: Control | None = None, database: str = "", **given: Any) -> None:
        """Let the child run on a database of the server; `finish` waits for it."""
        self._out.unlink(missing_ok=True)
        if control is None:
            self.control.unlink(missing_ok=True)
        else:
            control.write(self.control)
        order = {"job": job, "given": given, "out": str(self._out), "database": database}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def finish(self) -> Ended:
        assert self._process.stdout is not None
        code = int(self._process.stdout.readline() or 1)
        lines = [json.loads(line) for line in self._out.read_text().splitlines()] if self._out.exists() else []
        answers = [line["answer"] for line in lines if "answer" in line]
        if code not in (0, -9):
            raise AssertionError(f"a job ended with {code}: {last_line(self._log_file.read_text(errors='replace'))}")
        return Ended(code == -9, answers[-1] if answers else None, [line["told"] for line in lines if "told" in line])

    def run(self, job: str, control: Control | None = None, database: str = "", **given: Any) -> Ended:
        self.begin(job, control, database, **given)
        return self.finish()

    def ask(self, job: str, database: str = "", **given: Any) -> Any:
        """The answer of a job that nobody disturbs."""
        return self.run(job, database=database, **given).answer

    def __enter__(self) -> Victim:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()
