"""Charts that use every construct open in the designer, and an edit leaves alone what it cannot show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.statechart.document import dump, parse
from orchestrator.statechart.validate import validate
from tests.designer.conftest import Post
from tests.designer.formdata import sent_by
from tests.formats.charts import seeded
from tests.statechart.support import document

SEEDS = range(0, 40, 4)
SAVES = {"state": "save-state", "transition": "save-transition", "activity": "save-activity"}


def made(owner: User, seed: int) -> Machine:
    return create_machine(owner, f"Seed {seed}", dump(parse(seeded(seed))))


def inspected(page: Client, machine: Machine, ref: str) -> str:
    asked: dict[str, str | int] = {"ref": ref, "revision": machine.draft_revision}
    answer = page.get(reverse("designer:inspector", args=[machine.slug]), asked, headers={"HX-Request": "true"})
    assert answer.status_code == 200, ref
    return answer.content.decode()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_part_can_be_opened_and_saved_as_it_is(page: Client, owner: User, seed: int) -> None:
    machine = made(owner, seed)
    before = machine.draft
    for ref, kind in parts(before["states"]):
        values = sent_by(inspected(page, machine, ref))
        if kind == "activity" and not values["title"][0]:
            values["title"] = ["Named"]
        address = reverse(f"designer:{SAVES[kind]}", args=[machine.slug])
        answer = page.post(address, values, headers={"HX-Request": "true"})
        assert (ref, answer.status_code) == (ref, 200)
        machine.refresh_from_db()
        assert unnamed(machine.draft) == unnamed(before), ref


def unnamed(document: Any) -> Any:
    """The document without titles, which the forms give to what has none."""
    if isinstance(document, dict):
        return {key: unnamed(value) for key, value in document.items() if key != "title"}
    return [unnamed(value) for value in document] if isinstance(document, list) else document


def parts(states: dict[str, Any]) -> list[tuple[str, str]]:
    """Every state, transition and activity, as the designer names them, with its kind."""
    found = []
    for key, state in states.items():
        found.append((key, "state"))
        for kind in ("on", "after", "always", "onDone"):
            found += [(f"{key}/{kind}/{n}", "transition") for n in range(len(state.get(kind, ())))]
        found += [(f"{key}/invoke/{n}", "activity") for n in range(len(state.get("invoke", ())))]
        found += parts(state.get("states", {}))
    return found


def test_an_action_that_no_plain_row_can_hold_is_edited_as_json(post: Post, machine: Machine) -> None:
    action = {"type": "forEach", "items": "[1]", "item": "each", "actions": [{"type": "log", "expr": "each"}]}
    row = {"entry_delay": "", "entry_id": "", "entry_data": "", "entry_type": "json", "title": "Draft", "key": "draft"}
    post("save-state", ref="draft", type="atomic", parent="", entry_text=json.dumps(action), **row)
    assert machine.draft["states"]["draft"]["entry"] == [action]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Not valid JSON"),
        ("[]", "object"),
        ('{"type": "explode"}', "type: "),
        ('{"type": "forEach"}', "items: "),
        ('{"type": "log", "expr": "1", "colour": "red"}', "colour: "),
    ],
)
def test_json_that_is_no_action_is_refused_in_its_row(post: Post, machine: Machine, text: str, message: str) -> None:
    row = {"entry_delay": "", "entry_id": "", "entry_data": "", "entry_type": "json", "title": "Draft", "key": "draft"}
    answer = post("save-state", ref="draft", type="atomic", parent="", entry_text=text, **row)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert machine.draft_revision == 0


@pytest.mark.parametrize("kind", ["choose", "forEach"])
def test_the_menu_adds_a_row_that_can_be_saved(page: Client, machine: Machine, kind: str) -> None:
    address = reverse("designer:action-row", args=[machine.slug])
    sent = sent_by(page.get(address, {"prefix": "entry", "type": kind}).content.decode())
    action = json.loads(sent["entry_text"][0])
    assert action["type"] == kind
    states = {"a": {"entry": [action], "on": [{"event": "go", "target": "b"}], "expectedWithin": "PT1H"}}
    assert validate(parse(document({**states, "b": {"type": "final"}}))) == []
