"""SCION's cases: after each event the active atomic states must be those that the case lists.

Some cases list two courses, as the Recommendation and older practice differ there; either one will do, because for some
it is the older one that agrees with the Recommendation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orchestrator.conformance import scope
from orchestrator.conformance.cases import cases
from orchestrator.conformance.outcome import Outcome
from orchestrator.conformance.sessions import Session, Sessions
from orchestrator.formats.errors import FormatError
from orchestrator.formats.scxml.reader import read_tree
from orchestrator.formats.scxml.tree import Element, parse_xml
from orchestrator.statechart.steps import Event, LoopError

FUNCTION = re.compile(r"\bfunction\b")


def run(folder: Path, only: str) -> Iterator[Outcome]:
    """Each `.scxml` with the `.json` beside it."""
    for name, path in cases(folder, "*.scxml", only):
        expected = path.with_suffix(".json")
        if expected.is_file():
            yield _outcome(name, path, json.loads(expected.read_text()))


def _outcome(name: str, path: Path, expected: dict[str, Any]) -> Outcome:
    try:
        root = parse_xml(path.read_bytes())
        if FUNCTION.search(_scripts(root, path.parent)):
            return Outcome(name, False, scope.FUNCTIONS, out_of_scope=True)
        problem = _played(root, path.parent, expected)
        if problem and "legacySemantics" in expected:
            problem = _played(root, path.parent, expected["legacySemantics"]) and problem
    except (FormatError, LoopError) as error:
        problem = str(error)
    return Outcome(name, not problem, problem)


def _scripts(root: Element, folder: Path) -> str:
    """All script of a document, also that in files beside it."""
    inner = "".join(_scripts(child, folder) for child in root.children)
    if root.name != "script":
        return inner
    return root.text + (beside(folder, root.attributes.get("src", "")) or "") + inner


def beside(folder: Path, source: str) -> str | None:
    """The text of a file in this folder that a document names, None when there is none."""
    path = folder / Path(source.removeprefix("file:")).name
    return path.read_text() if source and path.is_file() else None


def _played(root: Element, folder: Path, expected: Mapping[str, Any]) -> str:
    """What went otherwise than expected, empty when nothing did."""
    sessions = Sessions()
    session = sessions.start(read_tree(root, lambda source: beside(folder, source)).chart)
    sessions.settle()
    found = _atomic(session)
    if found != sorted(expected["initialConfiguration"]):
        return f"began in {found} instead of {sorted(expected['initialConfiguration'])}"
    for number, step in enumerate(expected["events"], start=1):
        sessions.wait(step.get("after", 0) / 1_000)
        event = step["event"]
        sessions.send(session, Event(event["name"], event.get("data", {})))
        found = _atomic(session)
        if found != sorted(step["nextConfiguration"]):
            return f"event {number} ({event['name']}) led to {found} instead of {sorted(step['nextConfiguration'])}"
    return ""


def _atomic(session: Session) -> list[str]:
    states = session.chart.states
    return sorted(key for key in session.snapshot.configuration if not states[key].children)
