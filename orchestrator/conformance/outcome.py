"""What came of one case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`case` is the path of the case within its folder; `detail` says why it failed or is out of scope."""

    case: str
    passed: bool
    detail: str = ""
    out_of_scope: bool = False

    def line(self) -> str:
        word = "out of scope" if self.out_of_scope else "pass" if self.passed else "FAIL"
        return f"{word:<13} {self.case}{': ' if self.detail else ''}{self.detail}"
