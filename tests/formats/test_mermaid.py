"""State diagrams of Mermaid as their users write them."""

from __future__ import annotations

import pytest

from orchestrator.formats import mermaid
from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Imported
from orchestrator.statechart.document import dump
from tests.statechart.support import Driver

ORDER = """---
title: Order
---
stateDiagram-v2
  direction LR
  %% money first
  state "Waiting for money" as waiting
  [*] --> waiting
  waiting --> Packing: paid
  waiting --> [*]: cancel
  state Packing {
    [*] --> picking
    picking --> [*]: picked
    --
    [*] --> printing
    printing --> [*]: printed
  }
  Packing --> Shipped
  note right of Shipped
    On its way
  end note
  Shipped --> [*] : delivered
"""


def read(body: str) -> Imported:
    return mermaid.read(f"stateDiagram-v2\n{body}")


def order() -> Driver:
    made = dump(mermaid.read(ORDER).chart)
    return Driver(made["states"], initial=made["initial"])


def test_a_diagram_with_regions_runs() -> None:
    driver = order().send("paid")
    assert driver.active == {"picking", "printing"}
    driver.send("picked")
    assert driver.send("printed").active == {"Shipped"}
    assert driver.send("delivered").status == "completed"


def test_titles_notes_and_the_direction_are_kept() -> None:
    found = mermaid.read(ORDER)
    states = found.chart.states
    assert (states["waiting"].title, states["Shipped"].description) == ("Waiting for money", "On its way")
    assert "direction LR" in mermaid.write(found.chart).text
    assert found.notes == ()


def test_a_fork_into_regions_is_one_transition() -> None:
    body = "[*] --> a\na --> f : go\nstate f <<fork>>\nf --> b\nf --> c\nstate P {\n b\n --\n c\n}\n"
    way = read(body).chart.states["a"].transitions[0]
    assert (way.events, way.targets) == (("go",), ("b", "c"))


def test_a_fork_without_regions_goes_one_way_and_that_is_told() -> None:
    body = "[*] --> f\nstate f <<fork>>\nstate j <<join>>\nf --> a\nf --> b\na --> j : x\nb --> j : y\nj --> [*]\n"
    told = {note.what: note.message for note in read(body).notes}
    assert told["Fork"].startswith("Only the first arrow of “f” is taken. Draw the branches as regions")
    assert told["Join"].startswith("“j” does not wait for its other arrows.")


def test_styles_are_told_as_lost() -> None:
    (note,) = read("[*] --> a\nclassDef big fill:#fff\nclass a big\n").notes
    assert (note.kind, note.what) == ("lost", "Styles")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("graph TD\n a --> b", 1, 1),
        ("stateDiagram-v2\n[*] --> a\nstate b {\n", 3, 1),
        ("stateDiagram-v2\n[*] --> a\na -->\n", 4, 1),
        ("stateDiagram-v2\n[*] --> a\n  a -- > b\n", 3, 5),
    ],
)
def test_what_is_no_diagram_is_refused_at_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(FormatError) as refused:
        mermaid.read(text)
    assert (refused.value.line, refused.value.column) == (line, column)
