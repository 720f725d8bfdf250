"""Whatever a reader is given: a chart or the one error, with a place, in bounded time, and nothing fetched."""

from __future__ import annotations

import random
import socket
import timeit
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.formats.registry import FORMATS, Format
from orchestrator.statechart.document import parse
from tests.formats.spoiling import PIECES, READERS, refused, spoilt, written

FUZZ = 1_500
HEAD = "stateDiagram-v2\n"
TIMES = 50  # as long as a chart of the same format that is read; most are refused at once


@pytest.mark.parametrize("known", READERS, ids=lambda known: known.name)
def test_spoilt_texts_are_read_or_refused(known: Format) -> None:
    dice = random.Random(known.name)
    texts = [written(known, seed) for seed in range(200)]
    count = 0
    for _ in range(FUZZ):
        error = refused(known, spoilt(dice.choice(texts), PIECES[known.name], dice))
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


def taken(known: Format, text: str | bytes) -> float:
    """Seconds, the least of three tries."""
    return min(timeit.repeat(lambda: refused(known, text), number=1, repeat=3))


def ordinary(known: Format) -> str:
    """A chart of 200 states in this format."""
    assert known.write is not None
    states = {f"s{n}": {"on": [{"event": "go", "target": f"s{(n + 1) % 200}"}]} for n in range(200)}
    return known.write(parse({"signalbox": 1, "id": "x", "initial": "s0", "states": states})).text


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
    short = "a --> b\n" * (len(text) // 8)
    assert taken(FORMATS["mermaid"], HEAD + text) < 10 * taken(FORMATS["mermaid"], HEAD + short)


@pytest.mark.parametrize(("known", "text"), [(known, text) for known in READERS for text in heavy(known.name)])
def test_a_heavy_text_is_refused_soon_with_its_place(
    known: Format, text: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*arguments: object) -> None:
        raise AssertionError("a reader went to the network")

    monkeypatch.setattr(socket, "socket", never)
    assert taken(known, text) < TIMES * taken(known, ordinary(known))
    error = refused(known, text)
    assert error is not None
    assert error.line >= 1
    assert error.column >= 1
    assert len(str(error)) < 1_000
