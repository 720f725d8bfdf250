"""Our own document as JSON text: the format that carries everything."""

from __future__ import annotations

import json

from orchestrator.formats.errors import FormatError
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import DocumentError, dump, loads, parse


def read(text: str | bytes) -> Chart:
    """The chart of a document. Raises FormatError."""
    try:
        return parse(loads(text))
    except DocumentError as error:
        raise FormatError(error.message, error.path) from error


def write(chart: Chart) -> str:
    """The document, indented for people."""
    return json.dumps(dump(chart), indent=2, ensure_ascii=False) + "\n"
