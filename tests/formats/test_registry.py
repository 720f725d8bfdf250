"""Formats are found by file name, and every reader refuses with one error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer.gallery.load import GalleryEntry, gallery_entries
from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Imported
from orchestrator.formats.registry import FORMATS, format_of, read_file
from orchestrator.statechart.document import parse


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_a_gallery_chart_comes_back_the_same_through_our_own_format(entry: GalleryEntry) -> None:
    chart = parse(entry.document)
    written = FORMATS["signalbox"].write
    assert written is not None
    assert read_file("Chart.JSON", written(chart).text) == Imported(chart)


@pytest.mark.parametrize("name", ["chart.docx", "chart", "", "chart.json.exe"])
def test_a_file_of_an_unknown_kind_is_refused_with_those_that_are_known(name: str) -> None:
    with pytest.raises(FormatError, match=r"Signalbox JSON \(\.json\)"):
        format_of(name)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(FormatError) as refusal:
        read_file("x.json", '{"signalbox": 1, "id": "x", "states": {"a": {"on": [{"target": "a"}]}}}')
    assert refusal.value.place == "states/a/on/0/event"


@settings(max_examples=200, deadline=None)
@given(st.text() | st.binary())
def test_only_the_one_error_comes_out_of_a_reader(content: str | bytes) -> None:
    for known in FORMATS.values():
        if known.read is not None:
            with suppress(FormatError):
                known.read(content)
