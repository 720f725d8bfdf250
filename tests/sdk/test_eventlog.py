"""Reading event logs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from orchestrator.sdk.eventlog import LogError, inspect, read

HEADER = "case,event,lifecycle,time,resource,case:AMOUNT\n"
ROWS = (
    "c1,A,COMPLETE,2011-10-01T00:38:44.546+02:00,112,200\n"
    "c2,A,COMPLETE,2011-10-01T00:38:44.546+02:00,,300\n"
    "c1,B one,START,2011-10-01T00:39:44Z,112,200\n"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "log.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_attributes_of_a_case_stand_on_its_first_event_only(tmp_path: Path) -> None:
    events = list(read(written(tmp_path, HEADER + ROWS)))
    assert [(event.row, event.case, event.event, event.attributes) for event in events] == [
        (1, "c1", "A", {"AMOUNT": "200"}),
        (2, "c2", "A", {"AMOUNT": "300"}),
        (3, "c1", "B one", {}),
    ]
    assert events[0].time.isoformat() == "2011-10-01T00:38:44.546000+02:00"


def test_a_compressed_log_is_the_same_log_whatever_it_is_called(tmp_path: Path) -> None:
    plain = inspect(written(tmp_path, HEADER + ROWS))
    packed = tmp_path / "log.bin"
    packed.write_bytes(gzip.compress((HEADER + ROWS).encode()))
    assert inspect(packed) == plain
    assert (plain.events, plain.cases) == (3, 2)


def test_a_byte_order_mark_and_empty_lines_are_taken(tmp_path: Path) -> None:
    assert inspect(written(tmp_path, "\ufeff" + HEADER + ROWS + "\n")).events == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column case, event, lifecycle, time"),
        ("case,event,when\n", "no column lifecycle, time"),
        ("case,event,lifecycle,time,time\n", "names a column twice"),
        (HEADER + "c1,A,COMPLETE\n", "Row 1 has 3 fields; the header has 6"),
        (HEADER + ROWS + "c1,A,COMPLETE,yesterday,,1\n", "Row 4: “yesterday” is not an ISO 8601 time"),
        (HEADER + "c1,A,COMPLETE,2011-10-01T00:00:00,,1\n", "has no offset"),
        (HEADER + ",A,COMPLETE,2011-10-01T00:00:00Z,,1\n", "Row 1: case must have 1 to 200"),
        (HEADER + f"c,{'e' * 201},COMPLETE,2011-10-01T00:00:00Z,,1\n", "Row 1: event must have 1 to 200"),
        (HEADER + f"c,e,{'x' * 100_001},2011-10-01T00:00:00Z,,1\n", "is not CSV"),
    ],
)
def test_a_bad_log_is_refused_with_the_row_and_the_reason(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LogError, match=said.replace("(", r"\(")):
        inspect(written(tmp_path, text))


def test_a_missing_a_broken_and_a_foreign_file_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No such file"):
        inspect(tmp_path / "absent.csv")
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress((HEADER + ROWS).encode())[:-9])
    with pytest.raises(LogError, match="cannot be read"):
        inspect(cut)
    latin = tmp_path / "latin.csv"
    latin.write_bytes(HEADER.encode() + b"c\xe9,A,x,2011-10-01T00:00:00Z,,1\n")
    with pytest.raises(LogError, match="not UTF-8"):
        inspect(latin)
