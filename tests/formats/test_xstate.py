"""XState machines as their users write them: read as XState runs them, with a note where it is not quite so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orchestrator.formats import xstate
from orchestrator.formats.fidelity import Imported
from orchestrator.statechart.document import dump, parse
from tests.statechart.support import Driver, document, on

CHECKOUT: dict[str, Any] = {
    "id": "checkout",
    "initial": "cart",
    "context": {"count": 0},
    "states": {
        "cart": {"on": {"ADD": {"actions": ["addItem"]}, "CHECKOUT": {"target": "paying", "guard": "hasItems"}}},
        "paying": {
            "initial": "asking",
            "invoke": {
                "src": "chargeCard",
                "id": "charge",
                "input": {"amount": 5},
                "onDone": {"target": "done", "actions": {"type": "notify", "params": {"how": "mail"}}},
                "onError": "failed",
            },
            "after": {"30000": "failed"},
            "states": {
                "asking": {"on": {"NEXT": "confirming"}},
                "confirming": {"tags": ["busy"]},
                "hist": {"type": "history", "history": "deep", "target": "asking"},
            },
            "on": {"BACK": ".asking", "CANCEL": "#checkout.cart"},
        },
        "failed": {
            "on": {"RETRY": {"target": "paying.hist", "guard": {"type": "not", "guards": ["broke"]}}},
        },
        "done": {"type": "final", "output": {"ok": True}},
    },
}


def read(**config: Any) -> Imported:
    return xstate.read(json.dumps({"id": "m", "initial": next(iter(config["states"])), **config}))


def said(found: Imported) -> list[str]:
    return [f"{note.what} {note.message}" for note in found.notes]


def checkout(**context: Any) -> Driver:
    made = dump(xstate.read(json.dumps(CHECKOUT)).chart)
    given = {**made.pop("context"), **context}
    return Driver(made.pop("states"), declared=given, initial=made["initial"])


def test_a_machine_with_actors_delays_guards_and_history_runs() -> None:
    driver = checkout(hasItems=True)
    assert driver.send("CHECKOUT").active == {"asking"}
    assert driver.asked("chargeCard").input["args"] == {"amount": 5}
    assert driver.send("NEXT").active == {"confirming"}
    assert driver.wait(seconds=30).active == {"failed"}
    assert driver.send("RETRY").active == {"confirming"}
    assert driver.send("BACK").active == {"asking"}
    assert driver.answer("chargeCard").active == {"done"}
    assert driver.step.snapshot.output == {"ok": True}


def test_a_guard_of_the_application_refuses_until_its_value_is_set() -> None:
    assert checkout().send("CHECKOUT").active == {"cart"}


def test_an_actor_that_fails_leads_to_its_onerror() -> None:
    assert checkout(hasItems=True).send("CHECKOUT").failure("chargeCard").active == {"failed"}


def test_code_of_the_application_is_told_with_what_to_put_in_its_place() -> None:
    told = " / ".join(said(xstate.read(json.dumps(CHECKOUT))))
    for words in ("action “addItem” is code", "guard “hasItems” is code", "register a Python callable"):
        assert words in told


def test_a_target_that_is_no_state_is_lost_and_told() -> None:
    found = read(states={"a": {"on": {"GO": "nowhere"}}})
    assert "target “nowhere” is no state of the machine; choose another" in said(found)


def test_a_wildcard_is_asked_after_the_event_itself() -> None:
    ways = (
        read(states={"a": {"on": {"*": "a", "x.*": "b", "x.y": "c"}}, "b": {}, "c": {}}).chart.states["a"].transitions
    )
    assert [way.events for way in ways] == [("x.y",), ("x.*",), ("*",)]


def test_a_guarded_event_beside_a_wildcard_is_told() -> None:
    found = read(states={"a": {"on": {"x.y": {"target": "b", "guard": "ok"}, "x.*": "a"}}, "b": {}})
    assert "event “x.y” is tried with a wildcard when no guard holds, which XState does not do" in said(found)


@pytest.mark.parametrize(
    ("ways", "keys"),
    [
        ([on("x.*", "b"), on("x.y", "c")], {"x.*": [0], "x.y": [0, 1]}),
        ([on("x.y", "b"), on("x.*", "c")], {"x.y": [0, 1], "x.*": [1]}),
        ([on("x", "b"), on("x.y", "c")], {"x": [0], "x.y": [0, 1], "x.*": [0]}),
        ([on("x", "b"), on("y", "c")], {"x": [0], "y": [1]}),
    ],
)
def test_a_transition_is_written_under_every_event_that_it_hears(ways: list[Any], keys: dict[str, list[int]]) -> None:
    chart = parse(document({"a": {"on": ways}, "b": {}, "c": {}}))
    exported = xstate.write(chart)
    heard = json.loads(exported.text)["states"]["a"]["on"]
    names = ["b", "c"]
    assert {key: _targets(heard[key]) for key in heard} == {key: [names[n] for n in at] for key, at in keys.items()}
    assert xstate.read(exported.text).chart == chart


def test_an_event_that_a_region_keeps_from_the_states_around_it_is_told() -> None:
    region = {"states": {"x": {"on": [on("go")]}}, "initial": "x"}
    chart = parse(document({"p": {"type": "parallel", "on": [on("go", "p")], "states": {"r": region, "s": {}}}}))
    assert [(note.path, note.what) for note in xstate.write(chart).notes] == [("states/p", "event “go”")]


def _targets(given: Any) -> list[str]:
    return [way["target"] for way in (given if isinstance(given, list) else [given])]


def test_a_note_stands_at_its_place_in_the_chart() -> None:
    inner = {"entry": ["x"], "on": {"GO": {"target": "c", "guard": "ok"}}}
    found = read(states={"a": {"initial": "c", "states": {"c": inner}}})
    assert [note.path for note in found.notes] == ["states/c/entry/0", "states/c/on/0/guard"]
