"""SCXML's executable content as actions of our document (SCXML 4 and 6.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping

from orchestrator.formats.scxml.ecmascript import Untranslatable, to_cel
from orchestrator.formats.scxml.reading import OURS, Document, Reading, literal
from orchestrator.formats.scxml.tree import Element

PROCESSORS = (
    "",
    "scxml",
    "basichttp",
    "http://www.w3.org/TR/scxml/",
    "http://www.w3.org/TR/scxml/#SCXMLEventProcessor",
    "http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor",
)
OWN_ADDRESS = "_ioprocessors.scxml.location"
UNSUPPORTED = "unsupported type"  # no target begins so, which makes sending it an error.execution (SCXML 6.2.4)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
BETWEEN = re.compile(r",(?=\s*[A-Za-z_$][\w$]*\s*(?:=(?!=)|,|\Z))")
STATEMENT = re.compile(r"\s*(?P<to>[A-Za-z_$][\w$.]*)\s*(?P<sign>[-+*/%]?)=(?!=)\s*(?P<expr>\S(?:.*\S)?)\s*", re.S)
STEP = re.compile(r"\s*(?P<to>[A-Za-z_$][\w$.]*)\s*(?P<sign>\+\+|--)\s*")


def blocks(reading: Reading, elements: Iterable[Element]) -> list[Document]:
    """The handlers of a state; when there are several, the failure of one does not end the others (SCXML 3.8)."""
    found = [actions(reading, element) for element in elements]
    if len(found) == 1:
        return found[0]
    return [{"type": "block", "actions": block} for block in found if block]


def actions(reading: Reading, holder: Element) -> list[Document]:
    """What an element lets happen, in order."""
    found: list[Document] = []
    for element in holder.children:
        found += action(reading, element)
    return found


def action(reading: Reading, element: Element) -> list[Document]:
    own = reading.own_json(element, "action")
    if own is not None:
        return [own]
    read = READERS.get(element.name)
    if read is None or element.space == OURS:
        reading.note("lost", f"<{element.name}>", "is no action that can be read; it was left out")
        return []
    return read(reading, element)


def _raise(reading: Reading, element: Element) -> list[Document]:
    return [{"type": "raise", "event": literal(element.attributes.get("event", ""))}]


def _log(reading: Reading, element: Element) -> list[Document]:
    label = element.attributes.get("label", "")
    more = {"label": label} if label else {}
    text = element.attributes.get("expr")
    if text is None or reading.cel:
        return [{"type": "log", "expr": reading.cel_of(element, "expr") or '""', **more}]
    try:
        return [{"type": "log", "expr": to_cel(text), **more}]
    except Untranslatable as reason:
        reading.note("changed", "log", f"“{text[:80]}” is written as it stands, as it cannot be worked out: {reason}")
        return [{"type": "log", "expr": json.dumps(text, ensure_ascii=False), **more}]


def _assign(reading: Reading, element: Element) -> list[Document]:
    to, expr = reading.location(element), reading.cel_of(element, "expr")
    if expr is None:
        value = reading.content(element)
        expr = json.dumps(value, ensure_ascii=False) if not _computed(value) else value[2:-1]
    return [{"type": "assign", "to": to or "(empty)", "expr": expr}]


def _computed(value: object) -> bool:
    return isinstance(value, str) and value.startswith("${") and value.endswith("}") and not value.startswith("${'${'}")


def _if(reading: Reading, element: Element) -> list[Document]:
    """The children up to each elseif or else belong to the branch before it."""
    branches: list[Document] = [{"guard": reading.condition(element) or "false", "actions": []}]
    for child in element.children:
        if child.name == "elseif":
            branches.append({"guard": reading.condition(child) or "false", "actions": []})
        elif child.name == "else":
            branches.append({"actions": []})
        else:
            branches[-1]["actions"] += action(reading, child)
    return [{"type": "choose", "branches": _ordered(branches)}]


def _ordered(branches: list[Document]) -> list[Document]:
    """What follows an else never runs."""
    last = next((at for at, branch in enumerate(branches) if "guard" not in branch), len(branches))
    return branches[: last + 1]


def _foreach(reading: Reading, element: Element) -> list[Document]:
    made: Document = {
        "type": "forEach",
        "items": reading.cel_of(element, "array") or "[]",
        "item": reading.location(element, "item") or "(empty)",
        "actions": actions(reading, element),
    }
    index = reading.location(element, "index")
    return [{**made, "index": index} if index else made]


def _cancel(reading: Reading, element: Element) -> list[Document]:
    return [{"type": "cancel", "id": reading.template(element, "sendid", "sendidexpr") or ""}]


def _send(reading: Reading, element: Element) -> list[Document]:
    made: Document = {
        "type": "send",
        "event": reading.template(element, "event", "eventexpr") or "send",
        "data": payload(reading, element),
        "delay": reading.delay(element),
        "id": reading.template(element, "id", ""),
        "target": _target(reading, element),
        "idTo": reading.location(element, "idlocation"),
    }
    return [{key: value for key, value in made.items() if value not in (None, "", {})}]


def _target(reading: Reading, element: Element) -> str | None:
    """The target; of a type that nothing can deliver it is none that exists."""
    target = reading.template(element, "target", "targetexpr")
    kind, computed = element.attributes.get("type", ""), reading.cel_of(element, "typeexpr")
    if kind not in PROCESSORS:
        reading.note("lost", "send", f"nothing delivers events of type {kind[:80]}; sending it is an error.execution")
        return f"{UNSUPPORTED} {literal(kind)[:200]}"
    if computed is None:
        return target
    inner = target[2:-1] if target and target.startswith("${") else json.dumps(target) if target else OWN_ADDRESS
    known = json.dumps([kind for kind in PROCESSORS if kind])
    return f'${{({computed}) in {known} ? ({inner}) : "{UNSUPPORTED}"}}'


def payload(reading: Reading, element: Element) -> object:
    """What an event carries: namelist and params as an object, or the content (SCXML 5.5, 5.6)."""
    content = element.find("content")
    if content is not None:
        expression = reading.cel_of(content, "expr")
        return f"${{{expression}}}" if expression is not None else reading.content(content)
    found = {name: f"${{{reading.variable(name)}}}" for name in element.attributes.get("namelist", "").split()}
    for param in element.all("param"):
        name, expression = param.attributes.get("name", ""), reading.cel_of(param, "expr")
        found[name] = f"${{{expression or reading.variable(reading.location(param))}}}"
    return found


def _script(reading: Reading, element: Element) -> list[Document]:
    return script(reading, element)


def script(reading: Reading, element: Element) -> list[Document]:
    """Assignments; any other statement is left out."""
    source = element.attributes.get("src")
    text = element.text if source is None else reading.resolve(source)
    if text is None:
        reading.note("lost", "script", f"{(source or '')[:80]} was not read; write its assignments into the document")
        return []
    found: list[Document] = []
    for statement in COMMENT.sub(" ", text).split(";"):
        for part in _declared(statement):
            found += _statement(reading, part)
    return found


def _declared(statement: str) -> list[str]:
    """The assignments of one `var`; a name that is declared without a value is nothing to do."""
    if not statement.strip():
        return []
    keyword, _, rest = statement.strip().partition(" ")
    if keyword not in ("var", "let", "const"):
        return [statement]
    return [part for part in BETWEEN.split(rest) if "=" in part]


def _statement(reading: Reading, statement: str) -> list[Document]:
    step, assignment = STEP.fullmatch(statement), STATEMENT.fullmatch(statement)
    if step is not None:
        return [_set(reading, step["to"], f"{step['to']} {step['sign'][0]} 1")]
    if assignment is not None:
        sign, expr = assignment["sign"], assignment["expr"]
        return [_set(reading, assignment["to"], f"{assignment['to']} {sign} ({expr})" if sign else expr)]
    reading.note("lost", "script", f"“{statement.strip()[:80]}” is no assignment; it was left out")
    return []


def _set(reading: Reading, to: str, expr: str) -> Document:
    return {"type": "assign", "to": to, "expr": reading.translated(expr)}


READERS: Mapping[str, Callable[[Reading, Element], list[Document]]] = {
    "raise": _raise,
    "log": _log,
    "assign": _assign,
    "if": _if,
    "foreach": _foreach,
    "cancel": _cancel,
    "send": _send,
    "script": _script,
}
