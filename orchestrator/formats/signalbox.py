"""Our own document as JSON text: the format that carries everything."""

from __future__ import annotations

import json

from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Exported, Imported
from orchestrator.formats.json_places import loads, located
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import DocumentError, dump, parse


def read(text: str | bytes) -> Imported:
    """The chart of a document. Raises FormatError with line and column."""
    document = loads(text)
    try:
        return Imported(parse(document))
    except DocumentError as error:
        raise located(error, text) from error


def write(chart: Chart) -> Exported:
    """The document, indented for people."""
    return Exported(json.dumps(dump(chart), indent=2, ensure_ascii=False) + "\n")


def claims(text: str | bytes) -> bool:
    """Whether a JSON text is one of our documents; of a text that cannot be read either reader tells the reason."""
    try:
        return "signalbox" in loads(text)
    except FormatError:
        return True
