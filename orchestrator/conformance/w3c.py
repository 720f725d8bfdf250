"""The W3C's tests of SCXML 1.0: a machine passes when it ends in the final state `pass`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from orchestrator.conformance import scope
from orchestrator.conformance.outcome import Outcome
from orchestrator.conformance.sessions import Sessions, TooLong
from orchestrator.conformance.vocabulary import said_in_scxml
from orchestrator.formats.errors import FormatError
from orchestrator.formats.scxml.reader import CHART_TYPES, read_tree
from orchestrator.formats.scxml.tree import Element, parse_xml
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.effects import StartActivity
from orchestrator.statechart.steps import LoopError

LONGEST = 3_600.0  # seconds on the virtual clock


def run(folder: Path, only: str) -> Iterator[Outcome]:
    """Every case of `index.json`, by the files with which it starts."""
    index: Mapping[str, Mapping[str, Any]] = json.loads((folder / "index.json").read_text())
    for case, facts in index.items():
        for start in facts["start"]:
            name = f"{case}/{start}"
            if any(fnmatch(shown, only) for shown in (case, name, start, Path(start).stem)):
                yield _outcome(name, folder / case / start, facts)


def _outcome(name: str, path: Path, facts: Mapping[str, Any]) -> Outcome:
    if facts.get("manual"):
        return Outcome(name, False, "a person must judge this case", out_of_scope=True)
    if facts["conformance"] == "optional" and facts["spec"] in scope.SECTIONS:
        return Outcome(name, False, scope.SECTIONS[facts["spec"]], out_of_scope=True)
    try:
        problem = _played(path)
    except (FormatError, LoopError, TooLong, OSError) as error:
        problem = str(error)
    return Outcome(name, not problem, problem)


def _played(path: Path) -> str:
    """Why the machine did not pass, empty when it did."""
    children = _Children(path.parent)
    sessions = Sessions(children.load)
    session = sessions.start(children.chart(parse_xml(path.read_bytes())))
    sessions.run(session, LONGEST)
    if "pass" in session.snapshot.configuration:
        return ""
    unknown = f"; unknown words: {', '.join(children.unknown)}" if children.unknown else ""
    return f"stands in {', '.join(session.snapshot.configuration)}{unknown}"


class _Children:
    """Charts of documents beside the case, and of documents that a case computes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unknown: list[str] = []

    def chart(self, root: Element) -> Chart:
        self.unknown += said_in_scxml(root)
        return read_tree(root, self.beside).chart

    def beside(self, source: str) -> str | None:
        """A file of this folder; a test names a document by what it becomes, not by what it is written in."""
        path = self.folder / Path(source.removeprefix("file:")).name
        for found in (path, path.with_suffix(".txml")):
            if source and found.is_file():
                return found.read_text()
        return None

    def load(self, asked: StartActivity) -> Chart | None:
        """The chart of a child, however it is given; None when there is none."""
        kind, source, content = (asked.input.get(name) for name in ("type", "src", "content"))
        if kind is not None and kind not in CHART_TYPES:
            return None
        if asked.chart is not None:
            return asked.chart
        text = content if isinstance(content, str) else self.beside(source) if isinstance(source, str) else None
        return self.chart(parse_xml(text)) if text else None
