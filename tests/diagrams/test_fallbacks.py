"""A chart that cannot be drawn as it should is drawn as well as it can be, in a fixed order; no error leaves it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from py_mini_racer import JSPromiseError

from orchestrator.diagrams import layout, render, v8
from orchestrator.diagrams.cache import LayoutCache
from orchestrator.diagrams.errors import LayoutBusy, LayoutFailed
from orchestrator.diagrams.geometry import Layout
from orchestrator.diagrams.picture import Detail
from orchestrator.diagrams.render import Overlay, render_png, render_svg
from tests.diagrams.charts import corners, loan_approval, order_fulfilment
from tests.diagrams.hostile import hostile, laid_over
from tests.diagrams.support import SVG, parse, refs

NESTED, FLAT = order_fulfilment(), loan_approval()


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_cache", LayoutCache[Layout](entries=256, items=60_000))
    monkeypatch.setattr(render, "_kept", LayoutCache(entries=128, items=20_000))


def way_of_drawing(dot: str) -> str:
    """Which attempt this DOT text is of a chart with labels."""
    if any("->" in line and "<TABLE" in line for line in dot.split("\n")):
        return "full"
    return "plain" if "cluster_" in dot else "collapsed"


def failing(monkeypatch: pytest.MonkeyPatch, times: int, error: Exception) -> list[str]:
    """An engine whose first answers are this error; the DOT texts that it was asked for."""
    asked: list[str] = []

    def lay_out(dot: str, seconds: float) -> str:
        assert seconds > 0
        asked.append(dot)
        if len(asked) <= times:
            raise error
        return v8.lay_out(dot, 20)

    monkeypatch.setattr(layout, "lay_out", lay_out)
    return asked


@pytest.mark.parametrize("failures", range(4))
@pytest.mark.parametrize("error", [LayoutFailed("too heavy"), LayoutBusy("others")], ids=["heavy", "busy"])
def test_each_way_of_drawing_follows_the_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, failures: int, error: Exception
) -> None:
    asked = failing(monkeypatch, failures, error)
    svg = render_svg(NESTED)
    ways = ["full", "plain", "collapsed", "list"]
    assert parse(svg).get("data-drawn") == ways[failures]
    assert [way_of_drawing(dot) for dot in asked] == ways[: min(failures + 1, 3)]


def test_a_chart_without_boxes_in_boxes_is_a_list_after_two_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = failing(monkeypatch, 9, LayoutFailed("too heavy"))
    svg = render_svg(FLAT)
    assert (parse(svg).get("data-drawn"), len(asked)) == ("list", 2)
    assert refs(svg) == set(FLAT.states)


def test_a_list_shows_every_state_with_its_overlay_and_badges(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, 9, LayoutFailed("too heavy"))
    badges = {"picking": (("stuck", "6 h"),), "picking/on/0": (("act", "3"),)}
    root = parse(render_svg(NESTED, Overlay({"picking": "is-stuck"}, badges, "sb-run")))
    shown = {g.get("data-ref"): g for g in root.iter(f"{SVG}g") if g.get("data-ref")}
    assert set(shown) == set(NESTED.states)
    assert "is-stuck" in shown["picking"].get("class", "")


def test_all_time_being_used_up_still_gives_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = failing(monkeypatch, 0, LayoutFailed(""))
    for seconds in (0.0, -5.0):
        assert refs(render_svg(NESTED, seconds=seconds)) >= set(NESTED.roots)
    assert asked


def test_what_was_drawn_in_a_lesser_way_is_tried_in_full_the_next_time_after_a_busy_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch, 3, LayoutBusy("others"))
    assert parse(render_svg(NESTED)).get("data-drawn") == "list"
    assert parse(render_svg(NESTED)).get("data-drawn") == "full"


ERRORS: list[Exception] = [
    OSError("cannot execute"),
    PermissionError("not allowed"),
    FileNotFoundError("the script is gone"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text"),
    JSPromiseError("did not start"),
    MemoryError(),
    RecursionError(),
    RuntimeError("cannot start a thread"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_error_of_the_engine_leaves_the_drawing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    failing(monkeypatch, 9, error)
    assert parse(render_svg(NESTED)).get("data-drawn") == "list"
    assert render_png(NESTED, Overlay()).startswith(b"\x89PNG")


ANSWERS = [
    "",
    "null",
    "[]",
    "{}",
    '"words"',
    '{"bb": ""}',
    '{"bb": "0,0,9,9"}',
    "Warning: no fonts\n{}",
    "\x00",
    "{" * 9,
]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("detail", ["full", "compact", "thumb"])
def test_no_nonsense_that_the_engine_answers_leaves_the_drawing(
    monkeypatch: pytest.MonkeyPatch, answer: str, detail: Detail
) -> None:
    monkeypatch.setattr(layout, "lay_out", lambda dot, seconds: answer)
    for made in (NESTED, FLAT, corners()):
        assert refs(render_svg(made, detail=detail)) == set(made.states)


@pytest.mark.parametrize("part", ["bb", "objects", "edges"])
@pytest.mark.parametrize("emptied", [False, True])
def test_an_answer_which_lacks_a_part_is_drawn_without_it_or_as_a_list(
    monkeypatch: pytest.MonkeyPatch, part: str, emptied: bool
) -> None:
    def lay_out(dot: str, seconds: float) -> str:
        graph = json.loads(v8.lay_out(dot, 20))
        graph[part] = []
        return json.dumps(graph if emptied else {name: value for name, value in graph.items() if name != part})

    monkeypatch.setattr(layout, "lay_out", lay_out)
    assert refs(render_svg(NESTED)) >= set(NESTED.states)


@pytest.mark.parametrize("body", ["", "#!/nowhere/at/all", "#!{python}\nprint('\\udcff')", "#!{python}\nprint('{{}}')"])
def test_a_broken_dot_program_on_the_path_still_gives_a_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    program = tmp_path / "dot"
    program.write_text(body.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refs(render_svg(FLAT)) == set(FLAT.states)


@pytest.mark.parametrize("failures", range(4))
def test_hostile_texts_are_drawn_in_each_way(monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
    for text in ('"><script>alert(1)</script>', "]]>\ud800\x00", "\\N\\G\u202e"):
        made = hostile(text, inner=False)
        failing(monkeypatch, failures, LayoutFailed("too heavy"))
        assert len(refs(render_svg(made, laid_over(text)))) >= len(made.roots)
