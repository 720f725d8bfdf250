"""The configuration of an XState 5 machine as JSON, as `createMachine` takes it and Stately exports it."""

from __future__ import annotations

import json

from orchestrator.formats.fidelity import Exported, Imported
from orchestrator.formats.json_places import loads, located
from orchestrator.formats.xstate.reading import Reader
from orchestrator.formats.xstate.writing import write_machine
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import DocumentError, parse
from orchestrator.statechart.reading import Node


def read(text: str | bytes) -> Imported:
    """The chart of a machine. Raises FormatError with line and column."""
    config = loads(text)
    try:
        reader = Reader(Node(config, "", None, "a machine"))
        document = reader.document()
    except DocumentError as error:
        raise located(error, text) from error
    try:
        return Imported(parse(document), reader.notes())
    except DocumentError as error:
        raise located(DocumentError(reader.origin(error.path), error.message), text) from error


def write(chart: Chart) -> Exported:
    """The machine, indented for people."""
    machine, notes = write_machine(chart)
    return Exported(json.dumps(machine, indent=2, ensure_ascii=False) + "\n", tuple(notes))
