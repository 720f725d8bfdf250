"""Texts of a format with something cut, doubled, turned or put in."""

from __future__ import annotations

import random

from orchestrator.formats.errors import FormatError
from orchestrator.formats.registry import FORMATS, Format
from orchestrator.statechart.document import parse
from tests.formats.charts import seeded

READERS = [known for known in FORMATS.values() if known.read]
PIECES = {
    "signalbox": ['{"signalbox": 1, ', '"states": {', '"a": ', "[", "]", "}", "null", "1e999", '"initial"', ":", ","],
    "xstate": ['{"id": "x", ', '"states": {', '"on": ', "[", "]", "}", "null", '"#x.a"', '"initial": "a"', ":", ","],
    "scxml": ["<scxml>", "</scxml>", "<state id='a'>", "</state>", "<", "&lt;", "&x;", "<!DOCTYPE", "<![CDATA[", "]]>"],
    "mermaid": ["stateDiagram-v2\n", "a --> b", "[*]", "state x {\n", "}\n", "note left of a", "--\n", "<<fork>>", ":"],
}


def refused(known: Format, text: str | bytes) -> FormatError | None:
    """The error of a text, None when it is read; any other error is raised on."""
    assert known.read is not None
    try:
        known.read(text)
    except FormatError as error:
        return error
    return None


def written(known: Format, seed: int) -> str:
    assert known.write is not None
    return known.write(parse(seeded(seed))).text


def spoilt(text: str, pieces: list[str], dice: random.Random) -> str:
    for _ in range(dice.randrange(1, 4)):
        at, to = sorted((dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)))
        to = min(to, at + 200)
        piece = dice.choice([*pieces, "\x00", "\ud800", "é", " " * 50])
        text = dice.choice([text[:at] + text[to:], text[:to] + text[at:], text[:at] + piece + text[at:]])
    return text
