"""Our own document as JSON text: the format that carries everything."""

from __future__ import annotations

import json

from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Exported, Imported
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import DocumentError, dump, loads, parse


def read(text: str | bytes) -> Imported:
    """The chart of a document. Raises FormatError."""
    try:
        return Imported(parse(loads(text)))
    except DocumentError as error:
        raise FormatError(error.message, error.path) from error


def write(chart: Chart) -> Exported:
    """The document, indented for people."""
    return Exported(json.dumps(dump(chart), indent=2, ensure_ascii=False) + "\n")
