"""The DOT text of a chart: Graphviz reads it, draws each text as it is, and takes none of them for anything else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from py_mini_racer import MiniRacer

from designer.gallery.load import GalleryEntry, gallery_entries
from orchestrator.diagrams import v8
from orchestrator.formats import dot
from orchestrator.formats.dot.labels import aims, state_lines, way_lines
from orchestrator.formats.fidelity import Note
from orchestrator.statechart.definition import Chart, Initial
from orchestrator.statechart.document import parse
from tests.formats.charts import made_by
from tests.formats.hostile import PAYLOADS, hostile_charts
from tests.statechart.support import assign, document, on

OURS = {"label", "shape", "style", "width", "compound", "peripheries", "lhead", "ltail"}
GIVEN = {"name", "bb", "pos", "height", "lp", "lwidth", "lheight", "_gvid", "subgraphs", "nodes", "edges"}
ENDS = {"tail", "head"}
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "g", "title", "polygon", "path", "ellipse", "text", "polyline"}
Drawing = dict[str, Any]


@pytest.fixture(scope="module")
def graphviz() -> Iterator[MiniRacer]:
    """Graphviz itself, which also draws."""
    context = v8._start()
    context.eval("function draw(dot, format) {return viz.renderString(dot, {format, engine: 'osage'})}")
    yield context
    context.close()


def answer(graphviz: MiniRacer, text: str, form: str) -> str:
    """What Graphviz makes of it; the UTF-8 comes out byte by byte."""
    return cast(str, graphviz.call("draw", text, form, timeout_sec=20)).encode("latin-1").decode()


def understood(graphviz: MiniRacer, text: str) -> Drawing:
    """The nodes, clusters and arrows with their attributes."""
    return cast(Drawing, json.loads(answer(graphviz, text, "json0")))


def texts(graphviz: MiniRacer, text: str) -> Counter[str]:
    """The lines that are drawn, in a picture which holds nothing but shapes and text."""
    root = ElementTree.fromstring(answer(graphviz, text, "svg"))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= SHAPES
    return Counter(plain("".join(element.itertext())) for element in root.iter(f"{SVG}text"))


def plain(text: str) -> str:
    """A line with spaces for what is not to be seen."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def expected(chart: Chart) -> Counter[str]:
    """Every text which the chart says, one line each."""
    lines = [chart.title]
    for state in chart.states.values():
        lines += [{"deep": "H*"}.get(str(state.history), "H")] if state.type == "history" else []
        lines += [state.title, *state_lines(chart, state)]
        lines += [line for way in state.transitions for _ in aims(chart, way) for line in way_lines(state, way)]
    return Counter(map(plain, lines))


def begun(chart: Chart) -> list[Initial]:
    """Where the chart and its states begin."""
    return [begin for begin in (chart.initial, *(state.initial for state in chart.states.values())) if begin]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_every_text_is_drawn_as_it_is_and_means_nothing(graphviz: MiniRacer, payload: str) -> None:
    for chart in hostile_charts(payload):
        text = dot.write(chart).text
        drawing = understood(graphviz, text)
        begins = [begin for begin in begun(chart) if any(target in chart.states for target in begin.targets)]
        objects = drawing["objects"]
        names = [part["name"] for part in objects if not part["name"].startswith("cluster_s")]
        assert len(names) == len(chart.states) + len(begins)
        assert all(name.strip("s0123456789_") in ("", "tart", "tart_") for name in names)
        for part in (*objects, *drawing.get("edges", ())):
            assert set(part) <= OURS | GIVEN | ENDS
        assert texts(graphviz, text) == expected(chart)


def test_random_charts_are_drawn_with_all_their_states_and_arrows(graphviz: MiniRacer) -> None:
    numbers = Random(7)
    for _ in range(60):
        chart = parse(made_by(numbers.choice))
        text = dot.write(chart).text
        drawing = understood(graphviz, text)
        names = {part["name"] for part in drawing["objects"]}
        assert {f"s{number}" for number in range(len(chart.states))} <= names
        assert expected(chart) <= texts(graphviz, text)
        arrows = sum(len(way.targets) for state in chart.states.values() for way in state.transitions)
        begins = sum(len(begin.targets) for begin in begun(chart))
        assert len(drawing["edges"]) == arrows + begins


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_graphviz_lays_out_the_gallery(entry: GalleryEntry) -> None:
    text = dot.write(parse(entry.document)).text
    assert "bb" in json.loads(v8.lay_out(text, 20))


def test_the_text_reads_as_one_writes_it() -> None:
    made = document(
        {
            "a": {"title": 'Say "hi"', "entry": [assign("n", "1")], "on": [on("go", "b", guard="context.n > 0")]},
            "b": {"initial": "c", "states": {"c": {"on": [on("x", "b")]}, "h": {"type": "history"}}},
            "d": {"type": "final"},
        }
    )
    assert dot.write(parse(made)).text == (
        "digraph {\n"
        "  compound=true;\n"
        '  label="Test";\n'
        '  node [shape=box, style="rounded"];\n'
        '  s0 [label="Say \\"hi\\"\\nentry / n = 1"];\n'
        "  subgraph cluster_s1 {\n"
        '    label="B";\n'
        '    style="rounded";\n'
        '    s1 [shape=point, style=invis, label=""];\n'
        '    s2 [label="C"];\n'
        '    s3 [label="H\\nH", shape=circle];\n'
        "    start_s1 [shape=point, width=0.12];\n"
        '    start_s1 -> s2 [label=""];\n'
        "  }\n"
        '  s4 [label="D", peripheries=2];\n'
        "  start [shape=point, width=0.12];\n"
        '  start -> s0 [label=""];\n'
        '  s0 -> s1 [label="go\\n[context.n > 0]", lhead=cluster_s1];\n'
        '  s2 -> s1 [label="x"];\n'
        "}\n"
    )


def test_the_notes_name_what_is_not_drawn() -> None:
    call = {"kind": "python", "input": {"callable": "x"}, "retry": {"maxAttempts": 3}, "onFailure": {"policy": "skip"}}
    made = document(
        {
            "a": {
                "description": "d",
                "on": [{"event": "go", "target": ["b", "c"], "internal": True}, {"event": "x", "target": "gone"}],
                "invoke": [call],
            },
            "p": {"type": "parallel", "states": {"b": {}, "c": {"meta": {"x": 1}}}},
            "t": {"tasks": {"one": {"kind": "python"}}},
        },
        context={"n": 1},
        owner="ops",
    )
    notes = dot.write(parse(made)).notes
    assert {(note.kind, note.path, note.what) for note in notes} == {
        ("changed", "", "the chart"),
        ("lost", "", "context"),
        ("lost", "", "owner"),
        ("lost", "states/a", "description"),
        ("lost", "states/a/on/0", "internal"),
        ("changed", "states/a/on/0", "targets"),
        ("lost", "states/a/on/1", "target"),
        ("lost", "states/a/invoke/0", "input"),
        ("lost", "states/a/invoke/0", "retry"),
        ("lost", "states/a/invoke/0", "on_failure"),
        ("lost", "states/c", "meta"),
        ("changed", "states/t", "tasks"),
    }
    plain = parse(document({"a": {"type": "final"}}))
    assert [note.what for note in dot.write(plain).notes] == ["the chart"]
    assert all(isinstance(note, Note) and note.message for note in notes)
