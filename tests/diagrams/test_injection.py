"""What people type reaches neither Graphviz nor the markup."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from orchestrator.diagrams.dot import dot_source
from orchestrator.diagrams.extract import extract
from orchestrator.diagrams.picture import Detail
from orchestrator.diagrams.render import Overlay, render_png, render_svg
from orchestrator.statechart.definition import Action, Assign, Cancel, Chart, Compensation, Raise, Send
from tests.diagrams.charts import activity, chart, state, way
from tests.diagrams.support import parse, refs

PAYLOADS = [
    "<script>alert(1)</script>",
    "</title></text></svg><img src=x onerror=alert(1)>",
    '"><g onclick="alert(1)">',
    "' onload='alert(1)",
    "]]><!ENTITY x SYSTEM 'file:///etc/passwd'>",
    '"]; evil [URL="javascript:alert(1)" image="/etc/passwd"',
    '<<TABLE HREF="javascript:alert(1)"><TR><TD>x</TD></TR></TABLE>>',
    '\\N \\G \\L \\" \\',
    "&lt;script&gt; &amp; &#60;b&#62;",
    "${7*7} {{ 7*7 }} {% load x %}",
    "line\nbreak\r\ntab\tnull\x00bell\x07escape\x1b[31m",
    "\u202eright to left\u2066 \ud800 \ufffe",
    "x" * 5_000,
    "日本語 العربية 🙂" * 20,
]
ELEMENTS = {
    "svg",
    "defs",
    "symbol",
    "pattern",
    "g",
    "path",
    "polygon",
    "rect",
    "circle",
    "text",
    "title",
    "desc",
    "use",
}
ATTRIBUTES = {
    "class", "d", "points", "x", "y", "width", "height", "rx", "r", "cx", "cy", "viewBox", "id", "data-ref",
    "data-drawn", "role", "tabindex", "aria-label", "aria-hidden", "href", "fill", "patternUnits", "patternTransform",
    "textLength", "lengthAdjust",
}  # fmt: skip
LOCAL = re.compile(r"#d--[a-z]+|url\(#d--hatch\)")


def hostile(text: str) -> Chart:
    """The text in every field that people fill in."""
    undo = Compensation("http", text)
    task = replace(activity("a", text, 3), kind=text, id=text, compensation=undo)
    actions: list[Action] = [Assign(text, text), Raise(text), Send(text, delay=text, id=text), Cancel(text)]
    made = chart(
        text,
        "a",
        state(
            "a",
            text,
            way("on", text, "b", guard=text, actions=actions),
            way("after", text, "c"),
            way("always", "", "b", guard=text),
            way("invoke/0/onFailure", "", "b"),
            activities=(task,),
            expected_within=text,
            description=text,
            meta={text: text},
        ),
        state("b", text, way("on", text), initial="c", children=("c",)),
        state("c", text, type="final"),
    )
    return replace(made, id=text)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("detail", ["full", "compact", "thumb"])
def test_only_numbers_reach_graphviz(payload: str, detail: Detail) -> None:
    for collapsed in (False, True):
        dot = dot_source(extract(hostile(payload), detail, collapsed), labels=True)
        harmless = dot_source(extract(hostile("harmless"), detail, collapsed), labels=True)
        assert re.sub(r"[\d.]+", "0", dot).split("\n")[:3] == re.sub(r"[\d.]+", "0", harmless).split("\n")[:3]
        letters = set(re.findall(r"[A-Za-z_]+", dot))
        assert letters == set(re.findall(r"[A-Za-z_]+", harmless))
        assert dot.isascii()


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("detail", ["full", "compact", "thumb"])
def test_the_svg_keeps_to_its_elements_and_attributes(payload: str, detail: Detail) -> None:
    overlay = Overlay(
        classes={"a": "is-compensated", payload: payload},
        badges={"a": ((payload, payload),), "b": (("bad", payload),), payload: (("bad", payload),)},
        quiet=payload,
    )
    svg = render_svg(hostile(payload), overlay, detail, title=payload)
    for element in parse(svg).iter():
        tag = element.tag.rpartition("}")[2]
        assert tag in ELEMENTS
        assert set(element.attrib) <= ATTRIBUTES
        for attribute in ("href", "fill"):
            assert LOCAL.fullmatch(element.get(attribute, "#d--x"))
    assert refs(svg) >= {"a", "b", "c", "a/on/0"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_names_of_states_stay_in_their_attribute(payload: str) -> None:
    made = chart("Names", payload, state(payload, "A", way("on", "go", payload)))
    svg = render_svg(made, prefix=payload)
    assert {element.tag.rpartition("}")[2] for element in parse(svg).iter()} <= ELEMENTS
    dot = dot_source(extract(made, "full"), labels=True)
    assert dot == dot_source(extract(chart("Names", "a", state("a", "A", way("on", "go", "a"))), "full"), labels=True)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_picture_for_mail_can_be_painted_of_any_text(payload: str) -> None:
    png = render_png(hostile(payload), Overlay(badges={"a": (("stuck", payload),)}, quiet="sb-run"))
    assert png.startswith(b"\x89PNG")
