"""SCXML read as a chart (W3C SCXML 1.0)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from orchestrator.formats.fidelity import Imported, Note
from orchestrator.formats.scxml.content import actions, blocks, payload, script
from orchestrator.formats.scxml.reading import NAME, SCXML, Document, Reading, nothing_there, read_value
from orchestrator.formats.scxml.tree import Element, parse_xml
from orchestrator.statechart.document import DocumentError, parse
from orchestrator.statechart.reading import KEY

STATES = ("state", "parallel", "final", "history")
CHART_TYPES = ("", "scxml", "http://www.w3.org/TR/scxml/", "http://www.w3.org/TR/scxml")
LISTS = {"on": "on", "after": "after", "always": "always", "onDone": "onDone"}
LANGUAGES = {"ecmascript": False, "": False, "null": False, "cel": True}


def read(text: str | bytes) -> Imported:
    """The chart of an SCXML document. Raises FormatError."""
    return read_tree(parse_xml(text))


def read_tree(root: Element, resolve: Callable[[str], str | None] = nothing_there, key: str = "scxml") -> Imported:
    """The chart of a tree; `resolve` gives the texts of files that it names, `key` is its id when it has no name.

    Raises FormatError.
    """
    if root.name != "scxml" or root.space not in ("", SCXML):
        raise root.error("the outermost element is not <scxml>; is this an SCXML document?")
    language = root.attributes.get("datamodel", "")
    reading = Reading(LANGUAGES.get(language, False), resolve)
    if language not in LANGUAGES:
        reading.note("changed", "datamodel", f"expressions of “{language[:40]}” were read as if they were ECMAScript")
    places = _name_states(reading, root)
    document = _chart(reading, root, key)
    try:
        return Imported(parse(document), reading.report())
    except DocumentError as error:
        at = next((places[part] for part in reversed(error.path.split("/")) if part in places), root)
        raise at.error(error.message, error.path) from None


def _name_states(reading: Reading, root: Element) -> dict[str, Element]:
    """Give every state a key that our document allows; returns where each stands. Raises FormatError for twins."""
    waiting, places, count = deque(root.children), dict[str, Element](), 0
    while waiting:
        element = waiting.popleft()
        if element.name not in STATES:
            continue
        waiting.extendleft(reversed(element.children))
        count += 1
        given = element.attributes.get("id", "")
        key = given if KEY.fullmatch(given) else _key(given, count, places)
        if key in places:
            raise element.error(f"another state has the id “{given[:80]}”; every id is used once", f"states/{key}")
        element.attributes["id"] = key
        places[key] = element
        if given and given != key:
            reading.keys[given] = key
            reading.notes.append(_renamed(given, key))
    return places


def _renamed(given: str, key: str) -> Note:
    return Note("changed", f"states/{key}", "id", f"the id “{given[:80]}” became “{key}”")


def _key(given: str, count: int, places: dict[str, Element]) -> str:
    """A key near the id, or a numbered one."""
    near = NAME.sub("_", given)[:70].lstrip(".-")
    key = near or f"state_{count}"
    return key if key not in places else f"{key}_{count}"


def _chart(reading: Reading, root: Element, key: str) -> Document:
    name = root.attributes.get("name", "")
    near = NAME.sub("_", name)[:80].lstrip(".-") or key
    initial = reading.targets(root.attributes.get("initial", ""))
    begun = [made for element in root.all("script") for made in script(reading, element)]
    states = _states(reading, root)
    document: Document = {"signalbox": 1, "id": near, "context": _data(reading, root), "states": states}
    if name and name != near:
        document["title"] = name[:200]
    if root.attributes.get("binding") == "late":
        document["binding"] = "late"
    first = initial or [key for key, state in states.items() if state.get("type") != "history"][:1]
    if first:
        document["initial"] = {"target": first, "actions": begun} if begun or len(first) > 1 else first[0]
    return _with_own(reading, root, document)


def read_chart(root: Element) -> Document:
    """The document of a chart whose expressions are ours, as the writer reads it back."""
    reading = Reading(cel=True)
    return _chart(reading, root, "scxml")


def read_state(element: Element) -> Document:
    return _state(Reading(cel=True), element)


def read_way(element: Element) -> Document:
    return _way(Reading(cel=True), element)


def read_invoke(element: Element) -> Document:
    return _invoke(Reading(cel=True), element)


def _with_own(reading: Reading, element: Element, document: Document) -> Document:
    """What another tool does not understand stands in an attribute of ours; null takes a key away."""
    more = reading.own_json(element, "more")
    if more is None:
        return document
    if not isinstance(more, dict):
        raise element.error("the attribute “more” of Signalbox holds no JSON object; export the chart again")
    merged = {**document, **more}
    return {name: value for name, value in merged.items() if value is not None}


def _states(reading: Reading, holder: Element) -> Document:
    return {element.attributes["id"]: _state(reading, element) for element in holder.all(*STATES)}


def _state(reading: Reading, element: Element) -> Document:
    """One state; the path of notes is that of the state."""
    before, reading.path = reading.path, f"states/{element.attributes['id']}"
    document: Document = _plain(reading, element)
    if element.name == "history":
        document |= _history(reading, element)
    else:
        document |= _busy(reading, element)
    document["states"] = _states(reading, element)
    if element.name == "state" and not document["states"] and reading.own(element, "type"):
        document["type"] = reading.own(element, "type")
    made = _with_own(reading, element, document)
    reading.path = before
    return {name: value for name, value in made.items() if value not in (None, "", [], {}) or name == "output"}


def _plain(reading: Reading, element: Element) -> Document:
    unknown = [child for child in element.children if child.name not in PARTS and child.space in ("", SCXML)]
    for child in unknown:
        reading.note("lost", f"<{child.name}>", "is not known within a state; it was left out")
    kind = {"parallel": "parallel", "final": "final", "history": "history"}.get(element.name)
    document: Document = {"type": kind} if kind else {}
    initial = _initial(reading, element)
    return {**document, "initial": initial} if initial else document


def _initial(reading: Reading, element: Element) -> str | Document | None:
    holder = element.find("initial")
    way = holder.find("transition") if holder is not None else None
    if way is None:
        targets = reading.targets(element.attributes.get("initial", ""))
        if not targets and element.name == "state":
            targets = [child.attributes["id"] for child in element.all("state", "parallel", "final")][:1]
        return targets[0] if len(targets) == 1 else {"target": targets} if targets else None
    targets, begun = reading.targets(way.attributes.get("target", "")), actions(reading, way)
    return {"target": targets, "actions": begun}


def _history(reading: Reading, element: Element) -> Document:
    deep = "deep" if element.attributes.get("type") == "deep" else "shallow"
    return {"history": deep, "always": [_way(reading, way) for way in element.all("transition")]}


def _busy(reading: Reading, element: Element) -> Document:
    """What a state does: data, handlers, transitions and invocations."""
    document: Document = {
        "context": _data(reading, element),
        "entry": blocks(reading, _handlers(reading, element, "onentry")),
        "exit": blocks(reading, _handlers(reading, element, "onexit")),
    }
    invoked = [_invoke(reading, child) for child in element.all("invoke")]
    for way in element.all("transition"):
        _place(reading, document, invoked, way)
    document["invoke"] = invoked
    given = element.find("donedata")
    if given is not None:
        document["output"] = payload(reading, given)
    return document


def _handlers(reading: Reading, element: Element, name: str) -> list[Element]:
    """The handlers that were written by hand."""
    return [child for child in element.all(name) if reading.own(child, "generated") is None]


def _place(reading: Reading, document: Document, invoked: list[Document], element: Element) -> None:
    """Put a transition into its list: ours say which, others have events or none."""
    way = _way(reading, element)
    own = reading.own(element, "list")
    parts = (own or "").split("/")
    if own in LISTS:
        way.pop("event", None)
        if own == "on":
            way["event"] = element.attributes.get("event", "").split()
        document.setdefault(own, []).append(way)
    elif len(parts) == 3 and parts[1].isdigit() and int(parts[1]) < len(invoked):
        way.pop("event", None)
        activity = invoked[int(parts[1])]
        if parts[2] == "onDone":
            activity.setdefault("onDone", []).append(way)
        else:
            activity["onFailure"] = {"policy": "catch", **way}
    else:
        document.setdefault("on" if "event" in way else "always", []).append(way)


def _way(reading: Reading, element: Element) -> Document:
    events, targets = element.attributes.get("event", "").split(), reading.targets(element.attributes.get("target", ""))
    way: Document = {
        "event": events[0] if len(events) == 1 else events,
        "delay": reading.own(element, "delay"),
        "target": targets[0] if len(targets) == 1 else targets,
        "guard": reading.condition(element),
        "actions": actions(reading, element),
        "internal": element.attributes.get("type") == "internal",
    }
    filled = {name: value for name, value in way.items() if value not in (None, "", [], False)}
    return _with_own(reading, element, filled)


def _data(reading: Reading, holder: Element) -> Document:
    """The declared values, with what computes them."""
    found: Document = {}
    for model in holder.all("datamodel"):
        for element in model.all("data"):
            name = element.attributes.get("id", "")
            found[name] = read_value(reading, element)
    return found


def _invoke(reading: Reading, element: Element) -> Document:
    """A child chart, or an activity of another kind."""
    kind, content = element.attributes.get("type", ""), element.find("content")
    made: Document = {"id": element.attributes.get("id"), "kind": "chart"}
    made["idTo"] = reading.location(element, "idlocation")
    asked: Document = {"src": reading.template(element, "src", "srcexpr")}
    asked["type"] = reading.template(element, "", "typeexpr")
    if kind not in CHART_TYPES:
        made["kind"] = NAME.sub("_", kind.rpartition(":")[2])[:20] or "unknown"
    inner = content.find("scxml") if content is not None else None
    if inner is not None:
        made["chart"] = _child(reading, inner)
    elif content is not None:
        expression = reading.cel_of(content, "expr")
        asked["content"] = f"${{{expression}}}" if expression is not None else reading.content(content)
    given = payload(reading, Element("", "", element.attributes, 0, 0, list(element.all("param"))))
    asked["context"] = given
    made["input"] = {name: value for name, value in asked.items() if value not in (None, {})}
    made["autoforward"] = element.attributes.get("autoforward") == "true"
    final = element.find("finalize")
    made["finalize"] = _finalize(reading, element, final) if final is not None else []
    filled = {name: value for name, value in made.items() if value not in (None, "", [], {}, False)}
    return _with_own(reading, element, filled)


def _finalize(reading: Reading, invoke: Element, final: Element) -> list[Document]:
    """An empty finalize takes over the values which the child was given (SCXML 6.5.2)."""
    if final.children:
        return actions(reading, final)
    places = {name: name for name in invoke.attributes.get("namelist", "").split()}
    for param in invoke.all("param"):
        if "location" in param.attributes:
            places[param.attributes.get("name", "")] = param.attributes["location"]
    return [_taken_over(name, to) for name, to in places.items()]


def _taken_over(name: str, to: str) -> Document:
    change = {"type": "assign", "to": to, "expr": f"event.{name}"}
    return {"type": "choose", "branches": [{"guard": f"has(event.{name})", "actions": [change]}]}


def _child(reading: Reading, element: Element) -> Document:
    """The document of a chart within this one; its notes join ours."""
    if not element.attributes.get("datamodel"):
        element.attributes["datamodel"] = "cel" if reading.cel else ""
    inner = Reading(
        LANGUAGES.get(element.attributes["datamodel"], False), reading.resolve, reading.notes, reading.translations
    )
    _name_states(inner, element)
    return _chart(inner, element, "child")


PARTS = frozenset(STATES) | {"transition", "onentry", "onexit", "datamodel", "invoke", "initial", "donedata"}
