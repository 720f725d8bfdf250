"""The neutral `conf:` vocabulary of the W3C's tests, said in SCXML with our expressions.

Every attribute and element of it stands for a piece of a data model; `VarN` is the N-th variable of a test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from orchestrator.formats.scxml.reading import OURS, SCXML
from orchestrator.formats.scxml.tree import Element

CONF = "http://www.w3.org/2005/scxml-conformance"
COMPARED = re.compile(r"(?P<left>\d+)(?P<sign>[=<>]=?)(?P<right>.*)", re.S)
PAIR = re.compile(r"(?P<left>\w+)\W+(?P<right>\w+)")
NOWHERE = "_x.nowhere"  # a system variable, which nothing assigns to
BROKEN = "return"  # a reserved word, which no expression is
IO_LOCATION = "_ioprocessors['http://www.w3.org/TR/scxml/#SCXMLEventProcessor'].location"


class Said(NamedTuple):
    """An attribute with its value; `ours` puts it into our namespace, where expressions are CEL."""

    name: str
    value: str
    ours: bool = True


def variable(number: str) -> str:
    return f"context.Var{number}"


def _compared(text: str, left: Callable[[str], str], right: Callable[[str], str]) -> str:
    found = COMPARED.fullmatch(text)
    if found is None:
        return BROKEN
    sign = "==" if found["sign"] == "=" else found["sign"]
    return f"{left(found['left'])} {sign} {right(found['right'])}"


def _pair(text: str, shape: str) -> str:
    found = PAIR.fullmatch(text)
    return shape.format(variable(found["left"]), variable(found["right"])) if found else BROKEN


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _cond(shape: Callable[[str], str]) -> Callable[[str], Said]:
    return lambda text: Said("cond", shape(text))


def _expr(shape: Callable[[str], str]) -> Callable[[str], Said]:
    return lambda text: Said("expr", shape(text))


def _plain(name: str, shape: Callable[[str], str]) -> Callable[[str], Said]:
    return lambda text: Said(name, shape(text), ours=False)


def _named(text: str) -> str:
    return f"Var{text}"


def _unbound(text: str) -> str:
    return f"(!has({variable(text)}) || {variable(text)} == null)"


CONDITIONS: Mapping[str, Callable[[str], str]] = {
    "idVal": lambda text: _compared(text, variable, str),
    "varIdVal": lambda text: _compared(text, variable, variable),
    "namelistIdVal": lambda text: _compared(text, variable, str),
    "idQuoteVal": lambda text: _compared(text, variable, quoted),
    "compareIDVal": lambda text: _compared(text, variable, variable),
    "idSystemVarVal": lambda text: _compared(text, variable, str),
    "eventvarVal": lambda text: _compared(text, lambda number: f"event.Var{number}", str),
    "VarEqVar": lambda text: _pair(text, "{} == {}"),
    "VarEqVarStruct": lambda text: _pair(text, "{} == {}"),
    "varPrefix": lambda text: _pair(text, "string({1}).startsWith(string({0}))"),
    "idSomeVal": lambda text: f"{variable(text)} == 123",
    "eventNameVal": lambda text: f"_event.name == {quoted(text)}",
    "eventdataVal": lambda text: f"event == {text}",
    "eventdataSomeVal": lambda text: "event == 123",
    "emptyEventData": lambda text: "(event == {} || event == null)",
    "nameVarVal": lambda text: f"_name == {quoted(text)}",
    "inState": lambda text: f"In({quoted(text)})",
    "nonBoolean": lambda text: BROKEN,
    "isBound": lambda text: f"{variable(text)} != null",
    "unboundVar": _unbound,
    "noValue": lambda text: f"(!has({variable(text)}) || {variable(text)} in [null, '', 0, false])",
    "systemVarIsBound": lambda text: f"{text} != null",
    "true": lambda text: "true",
    "false": lambda text: "false",
    "eventFieldsAreBound": lambda text: " && ".join(
        f"has(_event.{name})" for name in ("name", "type", "sendid", "origin", "origintype", "invokeid", "data")
    ),
    "eventDataHasField": lambda text: f"{quoted(text)} in event",
    "eventFieldHasNoValue": lambda text: f"(!has(_event.{text}) || _event.{text} in [null, ''])",
    "originTypeEq": lambda text: f"_event.origintype == {quoted(text)}",
    "eventIsExternal": lambda text: "_event.type == 'external'",
    "arrayVal": lambda text: BROKEN,
}
EXPRESSIONS: Mapping[str, Callable[[str], str]] = {
    "expr": str,
    "quoteExpr": quoted,
    "varExpr": variable,
    "varChildExpr": variable,
    "systemVarExpr": str,
    "varNonexistentStruct": lambda text: f"{variable(text)}.bar",
    "illegalExpr": lambda text: BROKEN,
    "invalidSessionID": lambda text: "27",
    "invalidSendTypeExpr": lambda text: "27",
    "illegalArray": lambda text: "7",
    "arrayExpr123": lambda text: "[1, 2, 3]",
    "multiDimensionalArrayExpr": lambda text: f"[[{text}, {text}], [{text}, {text}]]",
    "eventName": lambda text: "_event.name",
    "eventType": lambda text: "_event.type",
    "eventSendid": lambda text: "_event.sendid",
    "eventField": lambda text: f"_event.{text}",
    "eventRaw": lambda text: "_event.raw",
    "eventDataFieldValue": lambda text: f"event.{text}",
    "eventDataParamValue": lambda text: f"event.{text}",
    "eventDataNamelistValue": lambda text: f"event.Var{text}",
    "basicHTTPAccessURI": lambda text: "_ioprocessors.basichttp.location",
    "scxmlEventIOLocation": lambda text: IO_LOCATION,
}
OTHERS: Mapping[str, Callable[[str], Said]] = {
    "targetpass": _plain("target", lambda text: "pass"),
    "targetfail": _plain("target", lambda text: "fail"),
    "id": _plain("id", _named),
    "name": _plain("name", _named),
    "location": _plain("location", _named),
    "idlocation": _plain("idlocation", _named),
    "item": _plain("item", _named),
    "index": _plain("index", _named),
    "namelist": _plain("namelist", _named),
    "multipleNamelist": _plain("namelist", lambda text: " ".join(_named(part) for part in re.findall(r"\d+", text))),
    "invalidNamelist": _plain("namelist", lambda text: '"foo'),
    "illegalItem": _plain("item", lambda text: "'continue'"),
    "invalidLocation": _plain("location", lambda text: NOWHERE),
    "systemVarLocation": _plain("location", str),
    "illegalTarget": _plain("target", lambda text: "baz"),
    "unreachableTarget": _plain("target", lambda text: "#_scxml_foo"),
    "invalidSendType": _plain("type", lambda text: "27"),
    "delay": _plain("delay", lambda text: f"{text}s"),
    "targetVar": lambda text: Said("targetexpr", variable(text)),
    "targetExpr": lambda text: Said("targetexpr", variable(text)),
    "eventExpr": lambda text: Said("eventexpr", variable(text)),
    "typeExpr": lambda text: Said("typeexpr", variable(text)),
    "delayFromVar": lambda text: Said("delayexpr", variable(text)),
    "sendIDExpr": lambda text: Said("sendidexpr", variable(text)),
    "srcExpr": lambda text: Said("srcexpr", variable(text)),
    "basicHTTPAccessURITarget": lambda text: Said("targetexpr", "_ioprocessors.basichttp.location"),
    "arrayVar": lambda text: Said("array", variable(text)),
    "arrayTextVar": lambda text: Said("array", variable(text)),
    "datamodel": _plain("datamodel", lambda text: "ecmascript"),
}
ATTRIBUTES: Mapping[str, Callable[[str], Said]] = {
    **{name: _cond(shape) for name, shape in CONDITIONS.items()},
    **{name: _expr(shape) for name, shape in EXPRESSIONS.items()},
    **OTHERS,
}


def said_in_scxml(element: Element) -> list[str]:
    """Say an element and all within it in SCXML; returns the names that the vocabulary does not know."""
    unknown: list[str] = []
    for key, value in list(element.attributes.items()):
        space, _, name = key.rpartition(" ")
        if space != CONF:
            continue
        del element.attributes[key]
        if name in ATTRIBUTES:
            said = ATTRIBUTES[name](value)
            element.attributes[f"{OURS} {said.name}" if said.ours else said.name] = said.value
        else:
            unknown.append(name)
    for child in element.children:
        unknown += said_in_scxml(child)
    element.children = [made for child in element.children for made in _element(element, child, unknown)]
    return unknown


def _element(holder: Element, child: Element, unknown: list[str]) -> list[Element]:
    """An element of the vocabulary as elements of SCXML; some are but a text of their holder."""
    if child.space != CONF:
        return [child]
    if child.name in TEXTS:
        holder.text += TEXTS[child.name]
        return []
    if child.name not in ELEMENTS:
        unknown.append(child.name)
        return []
    child.space = SCXML
    ELEMENTS[child.name](child)
    return [child]


def _final(child: Element) -> None:
    child.attributes = {"id": child.name}
    child.name = "final"


def _assign(shape: str) -> Callable[[Element], None]:
    """An assignment to the variable that the element names."""

    def make(child: Element) -> None:
        given = child.attributes
        first, second = given.get("id") or given.get("id1", ""), given.get("id2", "")
        child.name = "assign"
        child.attributes = {
            "location": _named(first.removeprefix("Var")),
            f"{OURS} expr": shape.format(variable(first.removeprefix("Var")), variable(second)),
        }

    return make


def _script(child: Element) -> None:
    child.name, child.text = "script", "var Var1 = 1"


def _to_sender(child: Element) -> None:
    event = child.attributes.get("name", "")
    child.name = "send"
    child.attributes = {"event": event, f"{OURS} targetexpr": "_event.origin", f"{OURS} typeexpr": "_event.origintype"}


def _content(text: str) -> Callable[[Element], None]:
    def make(child: Element) -> None:
        child.name, child.text = "content", text

    return make


TEXTS: Mapping[str, str] = {"array123": "[1, 2, 3]", "someInlineVal": "123"}
ELEMENTS: Mapping[str, Callable[[Element], None]] = {
    "pass": _final,
    "fail": _final,
    "incrementID": _assign("{0} + 1"),
    "concatVars": _assign("{0} + {1}"),
    "sumVars": _assign("{0} + {1}"),
    "extendArray": _assign("{0} + [4]"),
    "script": _script,
    "sendToSender": _to_sender,
    "contentFoo": _content("foo"),
    "illegalContent": _content("xyz"),
}
