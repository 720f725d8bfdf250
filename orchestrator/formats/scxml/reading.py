"""What the parts of the SCXML reader share: the language of expressions, values, and the notes they take."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.formats.fidelity import Note
from orchestrator.formats.scxml.ecmascript import Untranslatable, condition_to_cel, to_cel
from orchestrator.formats.scxml.tree import Element, written
from orchestrator.statechart.expressions import check

SCXML, OURS = "http://www.w3.org/2005/07/scxml", "urn:signalbox:scxml"
Document = dict[str, Any]
DELAY = re.compile(r"\s*(?P<amount>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>ms|s|m|h|d)\s*", re.ASCII)
UNITS = {"s": "S", "m": "M", "h": "H"}
NAME = re.compile(r"[^A-Za-z0-9_.-]")


def nothing_there(source: str) -> str | None:
    """A reader fetches nothing by itself."""
    return None


@dataclass(slots=True)
class Reading:
    """`cel` says that expressions are ours already; `resolve` gives the text of a file that the document names."""

    cel: bool
    resolve: Callable[[str], str | None] = nothing_there
    notes: list[Note] = field(default_factory=list)
    translations: list[str] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    path: str = ""

    def note(self, kind: Literal["lost", "changed"], what: str, message: str) -> None:
        self.notes.append(Note(kind, self.path, what, message))

    def own(self, element: Element, name: str) -> str | None:
        """An attribute in our own namespace."""
        return element.attributes.get(f"{OURS} {name}")

    def own_json(self, element: Element, name: str) -> Any:
        """An attribute of ours that holds JSON. Raises FormatError."""
        text = self.own(element, name)
        try:
            return None if text is None else json.loads(text)
        except (ValueError, RecursionError):
            raise element.error(f"the attribute “{name}” of Signalbox holds no JSON; export the chart again") from None

    def cel_of(self, element: Element, name: str) -> str | None:
        """An expression in CEL; one that cannot be translated stays as it is, and fails when it runs."""
        given = self.own(element, name)
        if given is not None:
            return given
        text = element.attributes.get(name)
        return None if text is None else self.translated(text)

    def condition(self, element: Element) -> str | None:
        """The condition of a transition or a branch."""
        text = element.attributes.get("cond")
        if text is None or self.own(element, "cond") is not None:
            return self.own(element, "cond")
        return self.translated(text, condition_to_cel)

    def translated(self, text: str, translate: Callable[[str], str] = to_cel) -> str:
        if self.cel:
            return text
        try:
            found = translate(text)
        except Untranslatable as reason:
            self.note("lost", "expression", f"“{text[:80]}” stays as it is and will fail: {reason}")
            return text.strip() or "(empty)"
        if wrong := check(found):
            self.note("lost", "expression", f"“{text[:80]}” is now “{found[:120]}” and will fail: {wrong[:200]}")
        elif found != text:
            self.translations.append(f"“{text[:80]}” is now “{found[:120]}”")
        return found

    def report(self) -> tuple[Note, ...]:
        """All notes; that of translated expressions is one, for hardly any stays as it was."""
        if not self.translations:
            return tuple(self.notes)
        more = f", and {len(self.translations) - 1} more" if len(self.translations) > 1 else ""
        said = f"Expressions are in CEL: {self.translations[0]}{more}"
        return (*self.notes, Note("changed", "", "expressions", said))

    def template(self, element: Element, plain: str, computed: str) -> str | None:
        """A text that is written out, or computed by an expression."""
        expression = self.cel_of(element, computed)
        if expression is not None:
            return f"${{{expression}}}"
        text = element.attributes.get(plain)
        return None if text is None else literal(text)

    def delay(self, element: Element) -> str | None:
        """A delay as an ISO 8601 duration, or computed."""
        expression = self.cel_of(element, "delayexpr")
        if expression is not None:
            return f"${{{expression}}}"
        text = element.attributes.get("delay")
        if text is None or not text.strip():
            return None
        return iso(text)

    def content(self, element: Element) -> Any:
        """The value that an element holds: XML as text, JSON as what it is, any other text without extra space."""
        if element.children:
            return literal("".join(written(child) for child in element.children))
        text = element.text.strip()
        try:
            return literals(json.loads(text))
        except (ValueError, RecursionError):
            pass
        if text[:1] in "[{" and not self.cel:
            return f"${{{self.translated(text)}}}"
        return literal(" ".join(text.split()))

    def location(self, element: Element, name: str = "location") -> str:
        """A place in the context; the variables of ECMAScript are its keys."""
        own = self.own(element, name)
        return own if own is not None else element.attributes.get(name, "").strip()

    def variable(self, text: str) -> str:
        """The expression that reads a place in the context."""
        return text if self.cel and text.startswith("context.") else f"context.{text}"

    def key(self, text: str) -> str:
        """The key of a state for an id, which may hold what a key may not."""
        return self.keys.get(text, text)

    def targets(self, text: str) -> list[str]:
        return [self.key(part) for part in text.split()]


def read_value(reading: Reading, element: Element) -> object:
    if reading.own(element, "value") is not None:
        return reading.own_json(element, "value")
    expression = reading.cel_of(element, "expr")
    if expression is not None:
        return f"${{{expression}}}" if reading.cel else constant(expression)
    source = element.attributes.get("src")
    if source is not None:
        text = reading.resolve(source)
        if text is None:
            reading.note("lost", "data", f"{source[:80]} was not read; write its value into the document")
            return None
        return reading.content(Element("", "data", {}, element.line, element.column, text=text))
    return reading.content(element) if element.children or element.text.strip() else None


def constant(expression: str) -> Any:
    """The value of an expression that is a value already, or a template that works it out."""
    try:
        return literals(json.loads(expression))
    except (ValueError, RecursionError):
        return f"${{{expression}}}"


def iso(text: str) -> str:
    """A delay as SCXML writes it, as an ISO 8601 duration; what is none stays for the check to complain about."""
    found = DELAY.fullmatch(text)
    if found is None:
        return literal(text)
    amount, unit = float(found["amount"]), found["unit"]
    if unit == "d":
        return f"P{_number(amount)}D"
    if unit == "ms":
        amount, unit = amount / 1_000, "s"
    return f"PT{_number(amount)}{UNITS[unit]}"


def _number(amount: float) -> str:
    return f"{amount:f}".rstrip("0").rstrip(".")


def literal(text: str) -> str:
    """A text that no template changes."""
    return text.replace("${", "${'${'}")


def literals(value: Any) -> Any:
    """A JSON value whose texts no template changes."""
    if isinstance(value, str):
        return literal(value)
    if isinstance(value, list):
        return [literals(item) for item in value]
    if isinstance(value, dict):
        return {key: literals(item) for key, item in value.items()}
    return value
