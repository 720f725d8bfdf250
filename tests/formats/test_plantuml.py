"""The PlantUML text of a chart: each line is one we write, and no text of a user is more than words in it."""

from __future__ import annotations

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.formats import plantuml
from orchestrator.formats.dot.labels import aims
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse
from tests.formats.charts import made_by
from tests.formats.hostile import PAYLOADS, hostile_charts
from tests.statechart.support import assign, document, on

NAME = r"(?:s\d+|\[\*\])"
# Words, the sign `\n` of our own, and numbers of signs: nothing that begins a directive, a function, a tag or a link.
SAID = r"(?:[^\x00-\x1f\x7f\\!%'\"~@{}<>|*#$&^`]|>|\\n|<U\+[0-9A-F]{4,6}>)*"
LINES = (
    r"@startuml",
    r"@enduml",
    r"hide empty description",
    rf"title {SAID}",
    rf" *state \"{SAID}\" as s\d+(?: <<history\*?>>)?(?: \{{)?",
    r" *\}",
    r" *--",
    rf" *s\d+ : {SAID}",
    rf" *{NAME} --> {NAME}(?: : {SAID})?",
    rf" *note right of s\d+ : {SAID}",
    rf"note \"{SAID}\" as N1",
)
LINE = re.compile("|".join(f"(?:{line})" for line in LINES))
DOUBLED = re.compile(r"([_./=\[\]>-])\1")


def check(text: str) -> list[str]:
    """The lines, every one of which is ours, in a balance of brackets."""
    lines = text.removesuffix("\n").split("\n")
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert [line.strip() for line in (lines[0], lines[-1])] == ["@startuml", "@enduml"]
    assert sum(line.endswith(" {") for line in lines) == sum(line.strip() == "}" for line in lines)
    return lines


def heard(text: str) -> str:
    """The text as PlantUML shows it."""
    return re.sub(r"<U\+([0-9A-F]+)>", lambda found: chr(int(found[1], 16)), text)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_no_text_of_a_user_is_more_than_words(payload: str) -> None:
    for chart in hostile_charts(payload):
        lines = check(plantuml.write(chart).text)
        assert [line.count("@enduml") for line in lines[:-1]] == [0] * (len(lines) - 1)
        assert len([line for line in lines if re.match(r" *state ", line)]) == len(chart.states)


@given(st.text())
def test_a_text_is_shown_as_it_is_in_one_line(text: str) -> None:
    written = plantuml.plain(text)
    assert re.fullmatch(SAID, written)
    assert "\\" not in written
    assert not DOUBLED.search(re.sub(r"<U\+\w+>", "", written))
    assert written == written.strip()
    assert heard(written) == "".join(sign if sign.isprintable() else " " for sign in text)


def test_random_charts_have_all_their_states_and_arrows() -> None:
    numbers = Random(11)
    for _ in range(200):
        chart = parse(made_by(numbers.choice))
        lines = check(plantuml.write(chart).text)
        assert len([line for line in lines if re.match(r" *state ", line)]) == len(chart.states)
        arrows = sum(len(aims(chart, way)) for state in chart.states.values() for way in state.transitions)
        begun = (chart.initial, *(state.initial for state in chart.states.values()))
        begins = sum(len(begin.targets) for begin in begun if begin)
        finals = sum(state.type == "final" for state in chart.states.values())
        assert len([line for line in lines if " --> " in line]) == arrows + begins + finals
        no_arrow_crosses_a_region(chart, lines)


def no_arrow_crosses_a_region(chart: Chart, lines: list[str]) -> None:
    """PlantUML draws no such arrow at all."""
    keys = list(chart.states)
    for line in lines:
        found = re.match(r" *s(\d+) --> s(\d+)", line)
        if found:
            one, other = (regions(chart, keys[int(number)]) for number in found.groups())
            assert one == other


def regions(chart: Chart, key: str | None) -> list[str]:
    """The regions in which a state lies, its own among them where it is one."""
    found = []
    while key is not None:
        parent = chart.states[key].parent
        if parent is not None and chart.states[parent].type == "parallel":
            found.append(key)
        key = parent
    return found


WRITTEN = (
    "@startuml\n"
    "hide empty description\n"
    "title Test\n"
    'state "Say <U+0022>hi<U+0022>" as s0\n'
    "s0 : entry / n = 1\n"
    'state "B" as s1 {\n'
    '  state "C" as s2\n'
    "  note right of s2 : Two\\nlines\n"
    '  state "H" as s3 <<history*>>\n'
    "  [*] --> s2\n"
    "}\n"
    'state "P" as s4 {\n'
    '  state "X" as s5 {\n'
    "  }\n"
    "  --\n"
    '  state "Y" as s6 {\n'
    "  }\n"
    "}\n"
    'state "D" as s7\n'
    "[*] --> s0\n"
    "s7 --> [*]\n"
    "s0 --> s1 : go\\n[context.n > 0]\n"
    "s4 --> s7 : out\\nfrom X\n"
    'note "A chart" as N1\n'
    "@enduml\n"
)


def test_the_text_reads_as_one_writes_it() -> None:
    made = document(
        {
            "a": {"title": 'Say "hi"', "entry": [assign("n", "1")], "on": [on("go", "b", guard="context.n > 0")]},
            "b": {
                "initial": "c",
                "states": {"c": {"description": "Two\nlines"}, "h": {"type": "history", "history": "deep"}},
            },
            "p": {"type": "parallel", "states": {"x": {"on": [on("out", "d")]}, "y": {}}},
            "d": {"type": "final"},
        },
        description="A chart",
    )
    exported = plantuml.write(parse(made))
    assert exported.text == WRITTEN
    assert [(note.kind, note.path, note.what) for note in exported.notes] == [
        ("changed", "", "the chart"),
        ("changed", "states/x/on/0", "arrow"),
    ]


def test_the_notes_name_what_a_history_cannot_show() -> None:
    made = document({"a": {"initial": "b", "states": {"b": {}, "h": {"type": "history", "title": "Back again"}}}})
    notes = plantuml.write(parse(made)).notes
    assert [(note.path, note.what) for note in notes if note.kind == "lost"] == [("states/h", "title")]
