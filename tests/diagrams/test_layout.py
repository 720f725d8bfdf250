from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread
from time import monotonic

import pytest

from orchestrator.diagrams import engine, layout, render, v8
from orchestrator.diagrams.cache import LayoutCache
from orchestrator.diagrams.dot import dot_source
from orchestrator.diagrams.errors import LayoutFailed
from orchestrator.diagrams.extract import extract
from orchestrator.diagrams.geometry import Layout
from orchestrator.diagrams.layout import plan
from orchestrator.diagrams.read import read
from orchestrator.diagrams.render import Overlay, render_svg
from orchestrator.statechart.definition import Chart
from tests.diagrams.charts import chart, corners, loan_approval, order_fulfilment, state, way
from tests.diagrams.support import groups, parse, refs, words

ROOT = Path(__file__).resolve().parents[2]
CHARTS = [order_fulfilment(), loan_approval(), corners()]


@pytest.fixture(autouse=True)
def empty_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_cache", LayoutCache[Layout](entries=256, items=60_000))
    monkeypatch.setattr(render, "_kept", LayoutCache(entries=128, items=20_000))


@pytest.fixture
def without_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def tangle(states: int, ways: int, groups_of: int = 0) -> Chart:
    """States whose transitions jump across the whole chart, the same each time."""
    dice = random.Random(7)
    keys = [f"s{i}" for i in range(states)]
    made = [
        state(key, f"State {key}", *(way("on", f"event.{key}.{j}", dice.choice(keys)) for j in range(ways)))
        for key in keys
    ]
    if groups_of:
        parts = [tuple(keys[i : i + groups_of]) for i in range(0, states, groups_of)]
        made += [state(f"g{i}", f"Group {i}", children=part, initial=part[0]) for i, part in enumerate(parts)]
    return chart("Tangle", "g0" if groups_of else "s0", *made)


@pytest.mark.usefixtures("without_dot")
def test_layout_works_without_the_dot_program() -> None:
    assert shutil.which("dot") is None
    assert parse(render_svg(order_fulfilment())).get("data-drawn") == "full"


@pytest.mark.usefixtures("without_dot")
def test_a_chart_that_is_too_heavy_is_a_list_of_its_states_within_the_time_limit() -> None:
    started = monotonic()
    picture, laid = plan(tangle(400, 6), "full", seconds=0.6)
    assert monotonic() - started < 3
    assert (laid.drawn, picture.links) == ("list", ())
    assert [box.title for box in picture.boxes.values()] == [f"State s{i}" for i in range(400)]


@pytest.mark.usefixtures("without_dot")
def test_the_engine_draws_again_after_a_layout_was_stopped() -> None:
    with pytest.raises(LayoutFailed):
        v8.lay_out(dot_source(extract(tangle(400, 6), "full"), labels=True), 0.3)
    assert parse(render_svg(loan_approval())).get("data-drawn") == "full"


@pytest.mark.usefixtures("without_dot")
def test_a_chart_that_was_too_heavy_is_a_list_at_once_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    heavy = tangle(400, 6)
    assert plan(heavy, "full", seconds=0.6)[1].drawn == "list"
    asked: list[str] = []
    monkeypatch.setattr(v8, "lay_out", lambda source, seconds: asked.append(source))
    assert plan(heavy, "full", seconds=0.6)[1].drawn == "list"
    assert asked == []


@pytest.mark.usefixtures("without_dot")
def test_memory_is_bounded_and_running_out_of_it_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v8, "MEMORY_PAGES", 300)
    monkeypatch.setattr(v8, "_warm", None)
    with pytest.raises(LayoutFailed, match="memory"):
        v8.lay_out(dot_source(extract(tangle(400, 6), "full"), labels=True), 20)
    monkeypatch.undo()
    assert json.loads(v8.lay_out("digraph { a -> b }", 5))["bb"]


@pytest.mark.usefixtures("without_dot")
def test_a_heavy_chart_keeps_its_labels_on_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_when(monkeypatch, "LABEL_SPACE")
    svg = render_svg(order_fulfilment())
    assert parse(svg).get("data-drawn") == "plain"
    assert words(groups(svg, "sb-label")[0])[0] == "payment.captured"
    assert refs(svg) == refs_of(order_fulfilment())


@pytest.mark.usefixtures("without_dot")
def test_a_heavier_chart_is_drawn_with_closed_boxes_which_carry_what_is_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_when(monkeypatch, "cluster_")
    overlay = Overlay(classes={"picking": "is-stuck"}, badges={"picking": (("stuck", "6 h"),)})
    svg = render_svg(order_fulfilment(), overlay)
    assert parse(svg).get("data-drawn") == "collapsed"
    boxes = {g.get("data-ref"): g for g in groups(svg, "sb-state")}
    assert set(boxes) == set(order_fulfilment().roots)
    assert "7 states inside" not in words(boxes["completed"])
    assert "8 states inside" in words(boxes["fulfilment"])
    assert "is-stuck" in boxes["fulfilment"].get("class", "")
    assert [words(badge) for badge in groups(svg, "sb-badge")] == [["6 h"]]


def test_a_chart_beyond_all_bounds_is_a_list_without_trying(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(layout, "lay_out", lambda dot, seconds: tried.append(dot))
    svg = parse(render_svg(tangle(3_000, 1)))
    assert (svg.get("data-drawn"), tried) == ("list", [])


def refs_of(made: Chart) -> set[str]:
    return {*made.states, *(t.ref for s in made.states.values() for t in s.transitions)}


def fail_when(monkeypatch: pytest.MonkeyPatch, sign: str) -> None:
    """An engine that gives up on DOT text holding this; LABEL_SPACE stands for room kept for labels of lines."""

    def picky(dot: str, seconds: float) -> str:
        labelled = any("->" in line and "<TABLE" in line for line in dot.split("\n"))
        if (sign == "LABEL_SPACE" and labelled) or sign in dot:
            raise LayoutFailed("too heavy")
        return v8.lay_out(dot, seconds)

    monkeypatch.setattr(layout, "lay_out", picky)


@pytest.mark.skipif(shutil.which("dot") is None, reason="the dot program of Graphviz is not installed")
@pytest.mark.parametrize("made", CHARTS, ids=lambda made: made.id)
def test_both_engines_place_the_same_things(made: Chart) -> None:
    picture = extract(made, "full")
    dot = dot_source(picture, labels=True)
    mine = read(v8.lay_out(dot, 5), picture, "full")
    other = read(engine.run_program("dot", dot, 5), picture, "full")
    assert set(mine.rects) == set(other.rects)
    assert set(mine.curves) == set(other.curves)
    assert set(mine.labels) == set(other.labels)
    for name, rect in mine.rects.items():
        if not name.startswith("n") or name not in mine.titles:
            assert (round(rect.w), round(rect.h)) == (round(other.rects[name].w), round(other.rects[name].h))


def program(folder: Path, body: str) -> None:
    """A `dot` on PATH, written for the test."""
    path = folder / "dot"
    path.write_text(f"#!{sys.executable}\nimport sys, time\nsys.path.insert(0, {str(ROOT)!r})\n{body}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("made", CHARTS, ids=lambda made: made.id)
@pytest.mark.usefixtures("without_dot")
def test_a_dot_program_on_the_path_is_used(made: Chart, tmp_path: Path) -> None:
    own = refs(render_svg(made))
    (tmp_path / "layout").write_text(v8.lay_out(dot_source(extract(made, "full"), labels=True), 5))
    program(
        tmp_path,
        f"open({str(tmp_path / 'called')!r}, 'w').write(' '.join(sys.argv[1:]))\n"
        "assert sys.stdin.read().startswith('digraph')\n"
        f"print(open({str(tmp_path / 'layout')!r}).read())",
    )
    layout._cache = LayoutCache[Layout](entries=8, items=1_000)
    assert refs(render_svg(made, seconds=60, prefix="other")) == own
    assert (tmp_path / "called").read_text() == "-Tjson0"


@pytest.mark.usefixtures("without_dot")
def test_a_dot_program_that_hangs_is_killed(tmp_path: Path) -> None:
    program(tmp_path, f"import os\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    started = monotonic()
    with pytest.raises(LayoutFailed, match="stopped after"):
        engine.lay_out("digraph {}", 1.5)
    assert monotonic() - started < 10
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.usefixtures("without_dot")
def test_a_dot_program_that_fails_is_a_failed_layout(tmp_path: Path) -> None:
    program(tmp_path, "sys.stdin.read(); sys.exit(3)")
    with pytest.raises(LayoutFailed, match="program failed"):
        engine.lay_out("digraph {}", 20)


def test_callers_from_many_threads_all_get_their_picture() -> None:
    wanted = render_svg(loan_approval())
    layout._cache = LayoutCache[Layout](entries=1, items=1)
    got: list[str] = []
    makers = [loan_approval, order_fulfilment] * 4
    threads = [Thread(target=lambda make=make: got.append(render_svg(make(), seconds=60))) for make in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert got.count(wanted) == 4


def test_a_forked_process_draws_as_its_parent_did() -> None:
    script = """
import os, sys
from orchestrator.diagrams.render import render_svg
from tests.diagrams.charts import loan_approval, order_fulfilment
render_svg(loan_approval())
children = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if "sb-diagram" in render_svg(order_fulfilment(), prefix="child") else 1)
    children.append(pid)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children))
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


class Thing:
    def __init__(self, size: int) -> None:
        self.size = size


def test_the_cache_lets_go_of_what_was_used_least_recently() -> None:
    cache = LayoutCache[Thing](entries=2, items=100)
    for key in ("a", "b"):
        cache.put(key, Thing(1))
    cache.get("a")
    cache.put("c", Thing(1))
    assert (cache.get("a") is None, cache.get("b") is None, cache.get("c") is None) == (False, True, False)


def test_the_cache_is_bounded_by_what_it_holds() -> None:
    cache = LayoutCache[Thing](entries=100, items=10)
    for i in range(20):
        cache.put(str(i), Thing(4))
    assert len(cache) == 2
