"""What a drawing may consist of. Everything else in it is a fault, whatever was typed into the chart."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from orchestrator.diagrams.svg import ICONS
from tests.diagrams.support import parse

NUMBER = r"-?\d+(\.\d)?"
BOX = dict.fromkeys(("x", "y", "width", "height"), NUMBER)
WORDS = r"(?s).*"
PARTS: dict[str, dict[str, str]] = {  # element: attribute: what its value may be
    "svg": {
        "class": WORDS, "data-drawn": "full|plain|collapsed|list", "viewBox": rf"{NUMBER}( {NUMBER}){{3}}",
        "width": NUMBER, "height": NUMBER, "role": "group", "aria-label": WORDS, "aria-hidden": "true",
    },
    "title": {},
    "desc": {},
    "defs": {},
    "symbol": {"id": r"d--[a-z]+", "viewBox": "0 0 12 12"},
    "pattern": {
        "id": "d--hatch", "width": "6", "height": "6", "patternUnits": "userSpaceOnUse",
        "patternTransform": r"rotate\(45\)",
    },
    "g": {
        "id": r"(?s)d-[^-].*", "data-ref": WORDS, "class": WORDS, "tabindex": "0", "role": "button",
        "aria-hidden": "true",
    },
    "path": {"class": r"sb-[a-z]+", "d": r"[-\d. MmLlHhVvCcSsAaZz]+"},
    "polygon": {"class": "sb-arrow", "points": r"[-\d., ]+"},
    "rect": {**BOX, "class": r"sb-[a-z]+", "rx": NUMBER, "fill": r"url\(#d--hatch\)"},
    "circle": {"class": r"sb-[a-z]+", "cx": NUMBER, "cy": NUMBER, "r": r"\d*(\.\d)?"},
    "use": {**BOX, "class": r"sb-[a-z]+( sb-[a-z]+)?", "href": f"#d--({'|'.join(ICONS)})"},
    "text": {
        "class": r"sb-[a-z]+( sb-[a-z]+){0,2}", "x": NUMBER, "y": NUMBER, "textLength": NUMBER,
        "lengthAdjust": "spacingAndGlyphs",
    },
}  # fmt: skip
TEXTS = {"title", "desc", "text"}
CLASSES = re.compile(r"(sb|is|heat)-[a-z0-9]+|add|del|chg")
SVG = "{http://www.w3.org/2000/svg}"


def faults(svg: str, own_classes: bool = False) -> list[str]:
    """What is not allowed in this drawing; with `own_classes` every class must be one of ours."""
    return [fault for element in parse(svg).iter() for fault in _faults(element, own_classes)]


def _faults(element: Element, own_classes: bool) -> list[str]:
    tag = element.tag.removeprefix(SVG)
    if tag not in PARTS:
        return [f"the element {element.tag}"]
    found = [
        f"{tag} {name}={value[:80]!r}"
        for name, value in element.attrib.items()
        if name not in PARTS[tag] or not re.fullmatch(PARTS[tag][name], value)
    ]
    if own_classes:
        found += [f"the class {one!r}" for one in element.get("class", "").split() if not CLASSES.fullmatch(one)]
    if (element.text and tag not in TEXTS) or element.tail:
        found.append(f"words outside of a text, in {tag}")
    return found


def readable(text: str) -> str:
    """The text as a reader of XML meets it again: forbidden signs replaced, line ends made one sign."""
    kept = re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]", "\ufffd", text
    )
    return re.sub("\r\n?", "\n", kept)


def attribute(text: str) -> str:
    """The same in the value of an attribute, where white space becomes a space."""
    return re.sub(r"[\t\n]", " ", readable(text))
