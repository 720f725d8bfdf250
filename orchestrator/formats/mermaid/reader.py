"""A Mermaid state diagram as a chart: `stateDiagram` and `stateDiagram-v2`, all of their grammar.

What a diagram draws becomes states and transitions; how it looks is lost and told. Where labels are people's own words
the text stays in `meta`, so that the diagram comes back as it was.
"""

from __future__ import annotations

from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Imported, Note
from orchestrator.formats.mermaid.document import Made, document_of
from orchestrator.formats.mermaid.front import read_front
from orchestrator.formats.mermaid.scan import Scan
from orchestrator.statechart.document import DocumentError, parse
from orchestrator.statechart.reading import MAX_BYTES


def read(text: str | bytes) -> Imported:
    """The chart of a diagram. Raises FormatError."""
    shown = _decoded(text)
    front = read_front(shown)
    tree = Scan(shown, front.end).run()
    made = document_of(tree, front)
    try:
        chart = parse(made.document)
    except DocumentError as error:
        raise FormatError(error.message, error.path, *_place(shown, made, error.path)) from error
    lost = tuple(Note("lost", "", what, "It has no meaning in a chart.") for what in tree.lost.values())
    settings = tuple(Note("lost", "", f"Setting {key}", "It is Mermaid's own.") for key in front.lost)
    return Imported(chart, (*lost, *settings, *made.notes))


def _decoded(text: str | bytes) -> str:
    if len(text) > MAX_BYTES:
        raise FormatError(
            f"the diagram has {len(text)} characters; at most {MAX_BYTES} can be read, so divide it", line=1, column=1
        )
    try:
        shown = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = bytes(text[: error.start]).count(b"\n") + 1  # type: ignore[arg-type]  # only bytes are decoded
        raise FormatError("not UTF-8 text; save the file as UTF-8", line=line, column=1) from None
    return shown.replace("\r\n", "\n").replace("\r", "\n")


def _place(text: str, made: Made, path: str) -> tuple[int, int]:
    """Line and column of the innermost state in the path of a problem."""
    known = [made.places[part] for part in path.split("/") if part in made.places]
    at = known[-1] if known else 0
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
