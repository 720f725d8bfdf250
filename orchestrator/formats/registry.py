"""Every format by name and file extension: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from orchestrator.formats import dot, mermaid, plantuml, python_code, scxml, signalbox, xstate
from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Exported, Imported
from orchestrator.statechart.definition import Chart


@dataclass(frozen=True, slots=True)
class Format:
    """`read` and `write` are pure; a format that can only be read or only be written has None for the other.

    `claims` says of a text whether it is of this format, for formats which share an extension.
    """

    name: str
    title: str
    extensions: tuple[str, ...]
    read: Callable[[str | bytes], Imported] | None
    write: Callable[[Chart], Exported] | None
    claims: Callable[[str | bytes], bool] = lambda content: True


# Among readers with the same extension the first one whose `claims` takes the text wins, the last one in any case.
FORMATS = {
    known.name: known
    for known in (
        Format("signalbox", "Signalbox JSON", (".json",), signalbox.read, signalbox.write, signalbox.claims),
        Format("scxml", "SCXML", (".scxml", ".xml"), scxml.read, scxml.write),
        Format("xstate", "XState 5 JSON", (".json",), xstate.read, xstate.write),
        Format("mermaid", "Mermaid state diagram", (".mmd", ".mermaid"), mermaid.read, mermaid.write),
        Format("dot", "Graphviz DOT", (".dot",), None, dot.write),
        Format("plantuml", "PlantUML", (".puml",), None, plantuml.write),
        Format("python", "Python code", (".py",), None, python_code.write),
    )
}

READABLE = tuple(sorted({end for known in FORMATS.values() if known.read for end in known.extensions}))


def format_of(filename: str, content: str | bytes = "") -> Format:
    """The format which reads files of this name. Raises FormatError naming those that can be read."""
    extension = PurePath(filename).suffix.lower()
    readers = [known for known in FORMATS.values() if known.read is not None]
    fitting = [known for known in readers if extension in known.extensions]
    if not fitting:
        readable = ", ".join(f"{known.title} ({' '.join(known.extensions)})" for known in readers)
        raise FormatError(f"files ending in “{extension[:20]}” are not known; choose one of {readable}")
    return next((known for known in fitting if known.claims(content)), fitting[-1])


def read_file(filename: str, content: str | bytes) -> Imported:
    """The chart in a file, with what changed on the way. Raises FormatError."""
    reader = format_of(filename, content).read
    assert reader is not None, "format_of only gives formats that can be read"
    return reader(content)
