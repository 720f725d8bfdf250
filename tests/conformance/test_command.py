"""The command prints a line for each case, then the sums."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("conformance", *arguments, stdout=out)
    return out.getvalue()


def _case(folder: Path, name: str, first: str) -> None:
    (folder / f"{name}.scxml").write_text('<scxml version="1.0"><state id="a"/></scxml>')
    (folder / f"{name}.json").write_text(json.dumps({"initialConfiguration": [first], "events": []}))


def test_a_line_for_each_case_and_the_sums_at_the_end(tmp_path: Path) -> None:
    _case(tmp_path, "good", "a")
    _case(tmp_path, "wrong", "b")
    (tmp_path / "f.scxml").write_text("<scxml><script>function f() {}</script><state id='a'/></scxml>")
    (tmp_path / "f.json").write_text('{"initialConfiguration": ["a"], "events": []}')
    lines = told("scion", str(tmp_path)).splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["out", "pass", "FAIL"]
    assert lines[2].endswith("wrong.scxml: began in ['a'] instead of ['b']")
    assert lines[-1] == "1 passed, 1 failed"


def test_outcomes_are_kept_as_json(tmp_path: Path) -> None:
    _case(tmp_path, "good", "a")
    told("scion", str(tmp_path), "--json", str(tmp_path / "out.json"))
    assert json.loads((tmp_path / "out.json").read_text()) == [
        {"case": "good.scxml", "passed": True, "detail": "", "out_of_scope": False}
    ]


def test_only_those_that_the_glob_names(tmp_path: Path) -> None:
    _case(tmp_path, "good", "a")
    _case(tmp_path, "wrong", "b")
    assert told("scion", str(tmp_path), "--only", "good*").splitlines()[-1] == "1 passed, 0 failed"


def test_a_format_without_a_reader_fails_every_case(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    assert told("asl", str(tmp_path)).splitlines()[-1] == "0 passed, 1 failed"


def test_a_folder_or_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no folder"):
        told("scion", "/nowhere/at/all")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    _case(tmp_path, "good", "a")
    with pytest.raises(CommandError, match="choose another file"):
        told("scion", str(tmp_path), "--json", str(tmp_path / "no" / "out.json"))
