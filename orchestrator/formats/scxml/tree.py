"""XML text as a bounded tree with places; no document type, no entities, nothing fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from orchestrator.formats.errors import FormatError

MAX_BYTES = 1_000_000
MAX_DEPTH = 100
MAX_ELEMENTS = 50_000
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True, eq=False)
class Element:
    """`attributes` of no namespace have their name as key, others `<namespace> <name>`; places count from 1."""

    space: str
    name: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    def find(self, name: str) -> Element | None:
        return next((child for child in self.children if child.name == name), None)

    def all(self, *names: str) -> Iterator[Element]:
        return (child for child in self.children if child.name in names)

    def error(self, message: str, place: str = "") -> FormatError:
        return FormatError(message, place, self.line, self.column)


def parse_xml(text: str | bytes) -> Element:
    """The root element. Raises FormatError with line and column."""
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(content) > MAX_BYTES:
        raise FormatError(f"the file has {len(content)} bytes; at most {MAX_BYTES} can be read", line=1, column=1)
    builder = _Builder()
    try:
        builder.parser.Parse(content, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages[error.code]
        raise FormatError(f"not well-formed XML: {reason}", line=error.lineno, column=error.offset + 1) from None
    except FormatError:
        raise
    except (ValueError, LookupError) as error:  # an encoding that is not known
        raise FormatError(f"not readable as XML: {error}; save the file as UTF-8", line=1, column=1) from None
    assert builder.root is not None, "expat refuses a text without an element"
    return builder.root


class _Builder:
    """Builds the tree while expat reads."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.buffer_text = True

    def _refuse(self, message: str) -> FormatError:
        return FormatError(message, line=self.parser.CurrentLineNumber, column=self.parser.CurrentColumnNumber + 1)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= MAX_DEPTH:
            raise self._refuse(f"elements are nested deeper than {MAX_DEPTH} levels; flatten them")
        if self.count > MAX_ELEMENTS:
            raise self._refuse(f"more than {MAX_ELEMENTS} elements; divide the chart")
        space, _, name = tag.rpartition(" ")
        made = Element(space, name, attributes, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        if self.open:
            self.open[-1].children.append(made)
        else:
            self.root = made
        self.open.append(made)

    def _end(self, tag: str) -> None:
        self.open.pop()

    def _text(self, text: str) -> None:
        self.open[-1].text += text

    def _doctype(self, *_: object) -> None:
        raise self._refuse("a document type (DOCTYPE) is not read, nor are entities; remove it")


def element(
    name: str, attributes: dict[str, str], children: Iterable[Element] = (), text: str = "", space: str = ""
) -> Element:
    """A new element, without a place."""
    return Element(space, name, attributes, 0, 0, list(children), text)


def document_text(root: Element, prefixes: Mapping[str, str]) -> str:
    """A whole document, indented; elements of no namespace are in the one whose prefix is empty."""
    spaces = [f'xmlns{":" if prefix else ""}{prefix}="{space}"' for space, prefix in prefixes.items()]
    lines = _lines(root, prefixes, 0, spaces)
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *lines]) + "\n"


def _lines(element: Element, prefixes: Mapping[str, str], depth: int, spaces: Iterable[str] = ()) -> Iterator[str]:
    pad = "  " * depth
    prefix = prefixes.get(element.space, "")
    name = f"{prefix}:{element.name}" if prefix else element.name
    parts = [name, *spaces]
    for key, value in element.attributes.items():
        space, _, local = key.rpartition(" ")
        shown = f"{prefixes[space]}:{local}" if space else local
        parts.append(f"{shown}={quoteattr(drawable(value))}")
    if not element.children and not element.text:
        yield f"{pad}<{' '.join(parts)}/>"
    elif not element.children:
        yield f"{pad}<{' '.join(parts)}>{escape(drawable(element.text))}</{name}>"
    else:
        yield f"{pad}<{' '.join(parts)}>"
        for child in element.children:
            yield from _lines(child, prefixes, depth + 1)
        yield f"{pad}</{name}>"


def drawable(text: str) -> str:
    """The text with what XML cannot hold replaced."""
    return FORBIDDEN.sub("\ufffd", text)


def written(element: Element) -> str:
    """The element as XML text; its own namespaces are written where they are used."""
    parts = [element.name]
    if element.space:
        parts.append(f"xmlns={quoteattr(element.space)}")
    for at, (key, value) in enumerate(element.attributes.items()):
        space, _, name = key.rpartition(" ")
        parts += [f"xmlns:a{at}={quoteattr(space)}", f"a{at}:{name}={quoteattr(value)}"] if space else []
        parts += [] if space else [f"{name}={quoteattr(value)}"]
    inner = escape(element.text.strip()) + "".join(written(child) for child in element.children)
    return f"<{' '.join(parts)}>{inner}</{element.name}>"
