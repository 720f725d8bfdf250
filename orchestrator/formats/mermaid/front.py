"""The lines between `---` before a diagram: its title, and what Mermaid does not draw."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from orchestrator.formats.errors import FormatError
from orchestrator.formats.mermaid.actions import json_object

OPENING = re.compile(r"\s*-{3,}[ \t]*\n")
CLOSING = re.compile(r"^[ \t]*-{3,}[ \t]*$", re.MULTILINE)
ENTRY = re.compile(r"^[ \t]*(?P<key>\w+)[ \t]*:[ \t]*(?P<value>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Front:
    """`kept` is what we wrote there ourselves, `lost` are the settings which mean nothing here."""

    title: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    end: int = 0


def read_front(text: str) -> Front:
    """The front matter of a text, which goes on at `end`. Raises FormatError."""
    begun = OPENING.match(text)
    if not begun:
        return Front()
    closed = CLOSING.search(text, begun.end())
    if not closed:
        line = text.count("\n", 0, begun.end())
        raise FormatError("the front matter is not closed; end it with a line of ---", line=line, column=1)
    title, kept, lost = "", dict[str, Any](), []
    for entry in ENTRY.finditer(text, begun.end(), closed.start()):
        if entry["key"] == "title":
            title = _scalar(entry["value"].strip())
        elif entry["key"] == "signalbox":
            kept = _kept(text, entry)
        else:
            lost.append(entry["key"])
    return Front(title, kept, tuple(lost), closed.end())


def _kept(text: str, entry: re.Match[str]) -> dict[str, Any]:
    value = json_object(entry["value"])
    if value is None:
        line = text.count("\n", 0, entry.start("key")) + 1
        column = entry.start("value") - text.rfind("\n", 0, entry.start("value"))
        raise FormatError("signalbox is not a JSON object; mend it or remove the line", line=line, column=column)
    return value


def _scalar(value: str) -> str:
    """A text of YAML, in quotes or without."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            return str(json.loads(value))
        except ValueError:
            return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1].replace("''", "'")
    return value


def write_front(title: str, kept: dict[str, Any]) -> str:
    """The front matter of a diagram, empty when there is nothing to say."""
    lines = [f"title: {_quoted(title)}"] if title else []
    if kept:
        lines.append(f"signalbox: {_quoted(kept)}")
    return "\n".join(["---", *lines, "---", ""]) if lines else ""


def _quoted(value: object) -> str:
    """JSON, which YAML reads too, without what Mermaid changes before it reads the front matter."""
    text = json.dumps(value)
    return text.replace("<", r"\u003c").replace("%", r"\u0025").replace("#", r"\u0023")
