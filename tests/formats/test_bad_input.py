"""Whatever a reader is given: a chart or the one error, with a place, in bounded time, and nothing fetched."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.formats.errors import FormatError
from orchestrator.formats.registry import FORMATS, Format
from orchestrator.statechart.document import parse
from tests.formats.charts import seeded

READERS = [known for known in FORMATS.values() if known.read]
FUZZ = 1_500
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


def spoilt(known: Format, dice: random.Random) -> str:
    """A text of the format with something cut, doubled, turned or put in."""
    assert known.write is not None
    text = known.write(parse(seeded(dice.randrange(400)))).text
    for _ in range(dice.randrange(1, 4)):
        at, to = sorted((dice.randrange(len(text) + 1), dice.randrange(len(text) + 1)))
        to = min(to, at + 200)
        piece = dice.choice([*PIECES[known.name], "\x00", "\ud800", "é", " " * 50])
        text = dice.choice([text[:at] + text[to:], text[:to] + text[at:], text[:at] + piece + text[at:]])
    return text


@pytest.mark.parametrize("known", READERS, ids=lambda known: known.name)
def test_spoilt_texts_are_read_or_refused(known: Format) -> None:
    dice = random.Random(known.name)
    count = 0
    for _ in range(FUZZ):
        error = refused(known, spoilt(known, dice))
        if error is not None:
            count += 1
            assert error.message
            assert error.line >= 1
            assert error.column >= 1
    assert count > FUZZ // 10


@pytest.mark.parametrize("known", READERS, ids=lambda known: known.name)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_text_is_read_or_refused(known: Format, data: st.DataObject) -> None:
    pieces = st.lists(st.sampled_from(PIECES[known.name]) | st.text(max_size=5), max_size=30).map("".join)
    refused(known, data.draw(pieces | st.text() | st.binary()))


def heavy(name: str) -> Iterator[str | bytes]:
    """Texts made to take long, or much room."""
    if name in ("signalbox", "xstate"):
        head = '{"signalbox": 1, "id": "x", "states": ' if name == "signalbox" else '{"id": "x", "states": '
        yield head + "[" * 200_000
        yield head + '{"a": {"states": ' * 5_000
        yield head + "{" + ",".join(f'"s{n}": {{}}' for n in range(60_000)) + "}}"
        yield head + '{"a": {}, "a": {}}}'
        yield head + '{"a": {"on": 5}}}'
        yield "9" * 900_000
        yield b"\xff\xfe" * 1_000
        yield '{"x": "' + "a" * 2_000_000 + '"}'
    if name == "scxml":
        yield "<scxml>" + "<state>" * 200_000
        yield "<scxml>" + "<state>" * 100 + "</state>" * 100 + "</scxml>"
        yield '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><scxml>&b;</scxml>'
        yield '<!DOCTYPE x SYSTEM "file:///etc/passwd"><scxml/>'
        yield "<scxml>" + "<state/>" * 60_000 + "</scxml>"
        yield "<scxml>" + "x" * 2_000_000
        yield '<scxml><state id="a"/><state id="a"/></scxml>'
        yield "<html/>"
        yield '<?xml version="1.0" encoding="no-such"?><scxml/>'
    if name == "mermaid":
        yield "stateDiagram-v2\n" + "state x {\n" * 5_000
        yield "stateDiagram-v2\n" + "".join(f"a{n} --> b{n}\n" for n in range(40_000))
        yield "stateDiagram-v2\nnote left of a\n" + "never closed\n" * 1_000
        yield "flowchart TD\n a --> b"
        yield "stateDiagram-v2\n" + "a" * 2_000_000


@pytest.mark.parametrize(
    "text", ["state " * 100_000, '"' * 200_000, "a" * 500_000, "a --> " * 100_000, ":::" * 200_000]
)
def test_long_lines_of_a_diagram_take_no_longer_than_short_ones(text: str) -> None:
    started = monotonic()
    refused(FORMATS["mermaid"], f"stateDiagram-v2\n{text}")
    assert monotonic() - started < 20  # seconds; far more than it takes, because machines are busy


@pytest.mark.parametrize(("known", "text"), [(known, text) for known in READERS for text in heavy(known.name)])
def test_a_heavy_text_is_refused_soon_with_its_place(
    known: Format, text: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError("a reader went to the network")

    monkeypatch.setattr(socket, "socket", never)
    started = monotonic()
    error = refused(known, text)
    assert monotonic() - started < 20  # seconds; far more than it takes, because machines are busy
    assert error is not None
    assert error.line >= 1
    assert error.column >= 1
    assert len(str(error)) < 1_000
