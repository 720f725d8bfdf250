"""The activity form offers a task for a person, and refuses what the worklist could not show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orchestrator.definitions.models import Machine
from orchestrator.statechart.document import parse
from orchestrator.statechart.validate import validate
from tests.designer.conftest import Post
from tests.designer.formdata import sent_by

FORM = [{"name": "verdict", "type": "choice", "options": ["yes", "no"], "required": True}]
TASK = {
    "owner": "draft",
    "kind": "human",
    "shown_kind": "human",
    "title": "Decide",
    "id": "decide",
    "policy": "fail",
    "task_title": "Decide on ${instance.key}",
    "group": "underwriters",
    "instructions": "Read all.\nThen decide.",
    "due": "2 days",
    "form_fields": json.dumps(FORM),
}


def test_a_task_is_added_and_its_form_sends_back_what_it_shows(page: Client, post: Post, machine: Machine) -> None:
    assert post("add-activity", **TASK).status_code == 200
    (activity,) = machine.draft["states"]["draft"]["invoke"]
    assert activity == {
        "id": "decide",
        "kind": "human",
        "title": "Decide",
        "input": {
            "title": "Decide on ${instance.key}",
            "group": "underwriters",
            "instructions": "Read all.\nThen decide.",
            "due": "P2D",
            "form": FORM,
        },
    }
    assert not [found for found in validate(parse(machine.draft)) if found.severity == "error"]
    shown = page.get(reverse("designer:design", args=[machine.slug]), {"select": "draft/invoke/0"}).content.decode()
    assert "Timeout of one attempt" not in shown
    begin = shown.index('<form class="form" novalidate id="activity-form"')
    sent = {name: values[-1] for name, values in sent_by(shown[begin : shown.index("</form>", begin)]).items()}
    assert sent["form_fields"] == json.dumps(FORM, indent=2)
    assert post("save-activity", **{**sent, "revision": machine.draft_revision}).status_code == 200
    assert machine.draft["states"]["draft"]["invoke"] == [activity]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"group": ""}, "group"),
        ({"due": "soon"}, "due"),
        ({"due": "2026-01-31T17:00"}, "due"),
        ({"form_fields": '[{"name": "a", "type": "file"}]'}, "form_fields"),
        ({"form_fields": '{"name": "a"}'}, "form_fields"),
        ({"form_fields": "["}, "form_fields"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_stored(
    post: Post, machine: Machine, changed: dict[str, Any], field: str
) -> None:
    answer = post("add-activity", **{**TASK, **changed})
    assert (answer.status_code, f"f-{field}-err" in answer.content.decode()) == (422, True)
    assert machine.draft_revision == 0


@pytest.mark.parametrize("due", ["2026-01-31T17:00+00:00", "${context.deadline}", "PT4H"])
def test_a_task_is_due_at_a_time_or_within_one(post: Post, machine: Machine, due: str) -> None:
    post("add-activity", **{**TASK, "due": due})
    assert machine.draft["states"]["draft"]["invoke"][0]["input"]["due"] == due
