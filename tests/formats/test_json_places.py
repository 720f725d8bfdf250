"""Where in a text an error stands."""

from __future__ import annotations

import json

import pytest

from orchestrator.formats.errors import FormatError
from orchestrator.formats.json_places import located, offset_of
from orchestrator.formats.signalbox import read
from orchestrator.statechart.reading import DocumentError

TEXT = """{
  "signalbox": 1,
  "id": "m",
  "states": {
    "a/b": {"on": [{"event": "go"}, {"event": 7}]},
    "b": {"title": "states"}
  }
}
"""


def place(text: str | bytes) -> tuple[int, int]:
    with pytest.raises(FormatError) as refused:
        read(text)
    return refused.value.line, refused.value.column


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("states", '"states"'),
        ("states/a/b", '"a/b"'),
        ("states/a/b/on/1", '{"event": 7'),
        ("states/a/b/on/1/event", '"event": 7'),
        ("states/b/title", '"title"'),
    ],
)
def test_a_path_is_found_at_its_key_or_its_item(path: str, begins: str) -> None:
    assert TEXT[offset_of(path, TEXT) :].startswith(begins)


@pytest.mark.parametrize(
    ("path", "begins"), [("initial", "{\n"), ("states/b/type", '{"title"'), ("states/c", '{\n    "a/b"')]
)
def test_what_is_missing_is_found_at_what_should_hold_it(path: str, begins: str) -> None:
    assert TEXT[offset_of(path, TEXT) :].startswith(begins)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", (1, 1)),
        ("[]", (1, 1)),
        ('{"signalbox": 1,\n  "id": "m" "states": {}}', (2, 13)),
        ('{"signalbox": 1,\n "id": "m",\n "id": "n", "states": {}}', (3, 2)),
        ('{"signalbox": 1,\n  "meta": NaN}', (2, 11)),
        ('{"signalbox": 1,\n  "meta": {"x": 1e999}}', (2, 12)),
        (b'{"signalbox": 1,\n  "id": "\xff"}', (2, 10)),
        ('\ufeff{"signalbox": 1,\n "id": "m", "states": {"a": {"typ": 1}}}'.encode(), (2, 30)),
        ('{"signalbox": 1, "id": "m", "states":\r\n {"a": 5}}', (2, 3)),
    ],
)
def test_an_error_tells_its_line_and_column(text: str | bytes, at: tuple[int, int]) -> None:
    assert place(text) == at


def test_a_text_that_is_too_deep_is_refused_where_it_becomes_so() -> None:
    line, column = place('{"signalbox": 1, "meta": ' + "[" * 5_000 + "]" * 5_000 + "}")
    assert (line, column > 25) == (1, True)


def test_a_key_of_any_characters_keeps_its_place() -> None:
    text = json.dumps({"signalbox": 1, "id": "m", "states": {'q"\\\n/é': {"on": 7}}}, ensure_ascii=False)
    error = located(DocumentError('states/q"\\\n/é/on', "must be a list"), text)
    assert text[error.column - 1 :].startswith('"on"')
