"""What a format can carry comes back as it was; what it cannot is told, and told as lost nowhere that it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from statemachine.io.scxml.reader import parse_scxml

from designer.gallery.load import GalleryEntry, gallery_entries
from orchestrator.formats import scxml
from orchestrator.formats.registry import FORMATS, Format, read_file
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse
from tests.effort import examples
from tests.formats.charts import charts, seeded

BOTH_WAYS = [known for known in FORMATS.values() if known.read and known.write]
MANY = examples(2_000)


def there_and_back(known: Format, chart: Chart) -> Chart:
    assert known.write is not None
    assert known.read is not None
    return known.read(known.write(chart).text).chart


@pytest.mark.parametrize("known", BOTH_WAYS, ids=lambda known: known.name)
def test_thousands_of_charts_come_back_equal(known: Format) -> None:
    for seed in range(MANY):
        chart = parse(seeded(seed))
        assert there_and_back(known, chart) == chart, f"chart {seed}"


@pytest.mark.parametrize("known", BOTH_WAYS, ids=lambda known: known.name)
@settings(max_examples=60, deadline=None)
@given(chart=charts())
def test_a_chart_comes_back_equal(known: Format, chart: Chart) -> None:
    assert there_and_back(known, chart) == chart


@pytest.mark.parametrize("known", BOTH_WAYS, ids=lambda known: known.name)
@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_a_gallery_chart_comes_back_through_its_file(entry: GalleryEntry, known: Format) -> None:
    assert known.write is not None
    chart = parse(entry.document)
    assert read_file(f"Chart{known.extensions[0].upper()}", known.write(chart).text).chart == chart


@pytest.mark.parametrize("known", BOTH_WAYS, ids=lambda known: known.name)
def test_what_other_tools_do_not_run_is_told(known: Format) -> None:
    activity = {"kind": "http", "input": {"url": "https://example.org"}, "retry": {"maxAttempts": 3}}
    states = {"a": {"invoke": [activity], "expectedWithin": "PT1H"}}
    chart = parse({"signalbox": 1, "id": "x", "initial": "a", "states": states})
    assert known.write is not None
    notes = known.write(chart).notes
    if known.name == "signalbox":
        assert notes == ()
        return
    assert any(note.path.startswith("states/a") for note in notes)
    assert all(note.what and note.message for note in notes)


@pytest.mark.parametrize("seed", range(0, 300, 3))
def test_python_statemachine_reads_our_scxml(seed: int) -> None:
    chart = parse(seeded(seed))
    read = parse_scxml(scxml.write(chart).text)
    found, waiting = set(), list(read.states.values())
    while waiting:
        state = waiting.pop()
        found.add(state.id)
        waiting.extend(state.states.values())
    assert found >= {key for key, state in chart.states.items() if state.type != "history"}


def test_the_readers_of_one_extension_share_it(tmp_path: Path) -> None:
    ours = {"signalbox": 1, "id": "x", "initial": "a", "states": {"a": {}}}
    xstate = {"id": "x", "initial": "a", "states": {"a": {"on": {"go": "b"}}, "b": {"type": "final"}}}
    assert list(read_file("x.json", json.dumps(ours)).chart.states) == ["a"]
    assert list(read_file("x.json", json.dumps(xstate)).chart.states) == ["a", "b"]
