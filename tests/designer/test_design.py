"""The design page: one answer redraws everything, errors name the field, and nobody overwrites anybody."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from designer.models import DraftRevision
from orchestrator.definitions.models import Machine
from tests.designer.conftest import Post

PARTS = ['id="topbar"', 'id="outline"', 'id="diagram"', 'id="inspector"', 'id="problems"', 'id="said"']


def design(machine: Machine) -> str:
    return reverse("designer:design", args=[machine.slug])


def test_one_change_answers_with_every_part_of_the_page(post: Post, machine: Machine) -> None:
    answer = post("add-state", title="Sent back", type="atomic", parent="")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert all(part in text for part in PARTS)
    assert text.count('hx-swap-oob="true"') >= len(PARTS)
    assert machine.draft["states"]["sent_back"] == {}
    assert answer["HX-Replace-Url"] == f"{design(machine)}?select=sent_back"


def test_a_title_that_differs_from_its_key_is_kept(post: Post, machine: Machine) -> None:
    post("add-state", title="Zurück gegeben", type="final", parent="", key="back")
    assert machine.draft["states"]["back"] == {"title": "Zurück gegeben", "type": "final"}


def test_two_states_of_one_title_get_two_keys(post: Post, machine: Machine) -> None:
    post("add-state", title="Draft", type="atomic")
    assert list(machine.draft["states"]) == ["draft", "review", "approved", "draft_2"]


def test_a_taken_key_is_refused_at_its_field_and_nothing_is_stored(post: Post, machine: Machine) -> None:
    answer = post("add-state", title="Other", key="review", type="atomic")
    assert answer.status_code == 422
    assert "already a state with the key" in answer.content.decode()
    assert machine.draft_revision == 0


def test_a_transition_gets_its_guard_and_its_actions(post: Post, machine: Machine) -> None:
    answer = post(
        "add-transition",
        owner="draft",
        kind="on",
        event="withdraw",
        target="approved",
        guard="event.pages > 0",
        actions_type=["assign", "log"],
        actions_text=["tries = context.tries + 1", "event.pages"],
        actions_delay=["", ""],
        actions_data=["", ""],
        actions_id=["", ""],
    )
    assert answer.status_code == 200
    assert machine.draft["states"]["draft"]["on"][1] == {
        "event": "withdraw",
        "guard": "event.pages > 0",
        "target": "approved",
        "actions": [
            {"type": "assign", "to": "tries", "expr": "context.tries + 1"},
            {"type": "log", "expr": "event.pages"},
        ],
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"guard": "event.pages >"}, "f-guard"),
        ({"event": ""}, "f-event-err"),
        ({"target": "nowhere"}, "f-target-err"),
        (
            {
                "actions_type": ["assign"],
                "actions_text": ["tries + 1"],
                "actions_delay": [""],
                "actions_data": [""],
                "actions_id": [""],
            },
            "name = expression",
        ),
    ],
)
def test_a_wrong_transition_stores_nothing_and_names_the_place(
    post: Post, machine: Machine, values: dict[str, object], words: str
) -> None:
    answer = post("add-transition", **{"owner": "draft", "kind": "on", "event": "x", "target": "review", **values})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert machine.draft_revision == 0


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("48 h", "PT48H"),
        ("2 days", "P2D"),
        ("1 h 30 min", "PT1H30M"),
        ("PT5S", "PT5S"),
        ("${context.wait}", "${context.wait}"),
    ],
)
def test_a_timeout_takes_friendly_and_exact_durations(post: Post, machine: Machine, typed: str, stored: str) -> None:
    post("add-transition", owner="draft", kind="after", delay=typed, target="approved")
    assert machine.draft["states"]["draft"]["after"] == [{"delay": stored, "target": "approved"}]


@pytest.mark.parametrize("typed", ["soon", "", "5 parsecs", "P1Y", "-3 h"])
def test_a_timeout_refuses_what_is_no_duration(post: Post, machine: Machine, typed: str) -> None:
    assert post("add-transition", owner="draft", kind="after", delay=typed, target="approved").status_code == 422
    assert machine.draft_revision == 0


def test_renaming_a_key_leads_transitions_along_and_selects_the_new_key(post: Post, machine: Machine) -> None:
    answer = post(
        "save-state",
        ref="review",
        title="Under review",
        key="under_review",
        type="atomic",
        parent="",
        expected_within="4 h",
    )
    assert answer["HX-Replace-Url"].endswith("?select=under_review")
    assert machine.draft["states"]["draft"]["on"][0]["target"] == "under_review"
    assert list(machine.draft["states"]) == ["draft", "under_review", "approved"]


def test_saving_a_state_unchanged_makes_no_revision(post: Post, machine: Machine) -> None:
    post("save-state", ref="review", title="Review", key="review", type="atomic", parent="", expected_within="4 h")
    assert machine.draft_revision == 0
    assert machine.draft["states"]["review"]["expectedWithin"] == "PT4H"


def test_deleting_a_state_says_first_what_goes_with_it(page: Client, post: Post, machine: Machine) -> None:
    question = page.get(reverse("designer:delete-state", args=[machine.slug]), {"ref": "review"}).content.decode()
    assert "Delete with 3 transitions" in question
    post("delete-state", ref="review")
    assert list(machine.draft["states"]) == ["draft", "approved"]
    assert "on" not in machine.draft["states"]["draft"]


def test_an_activity_keeps_its_kind_its_retries_and_its_undo(post: Post, machine: Machine) -> None:
    answer = post(
        "add-activity",
        owner="draft",
        kind="http",
        shown_kind="http",
        title="Charge card",
        method="POST",
        url="https://example.com/${instance.key}",
        body='{"amount": "${context.tries}"}',
        result="payment",
        attempts="5",
        interval="2 s",
        backoff="2",
        max_interval="1 h",
        jitter="on",
        policy="catch",
        failure_target="review",
        undo_kind="python",
        undo_title="Refund card",
        undo_input='{"callable": "payments.refund"}',
        timeout="10 s",
    )
    assert answer.status_code == 200, answer.content.decode()
    assert machine.draft["states"]["draft"]["invoke"] == [
        {
            "title": "Charge card",
            "result": "payment",
            "timeout": "PT10S",
            "kind": "http",
            "input": {
                "method": "POST",
                "url": "https://example.com/${instance.key}",
                "body": {"amount": "${context.tries}"},
            },
            "retry": {"maxAttempts": 5, "interval": "PT2S", "backoff": 2.0, "maxInterval": "PT1H"},
            "onFailure": {"policy": "catch", "target": "review"},
            "compensate": {"kind": "python", "title": "Refund card", "input": {"callable": "payments.refund"}},
        }
    ]


def test_choosing_another_kind_shows_its_fields_and_stores_nothing(post: Post, machine: Machine) -> None:
    answer = post("add-activity", owner="draft", kind="email", shown_kind="http", title="Tell them")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="subject"' in text
    assert 'value="Tell them"' in text
    assert machine.draft_revision == 0


@pytest.mark.parametrize("body", ["{", "[" * 60 + "]" * 60, '{"a": NaN}'])
def test_bad_json_names_its_field(post: Post, machine: Machine, body: str) -> None:
    answer = post(
        "add-activity",
        owner="draft",
        kind="http",
        shown_kind="http",
        title="X",
        method="POST",
        url="https://example.com",
        policy="fail",
        body=body,
    )
    assert answer.status_code == 422
    assert "f-body-err" in answer.content.decode()
    assert machine.draft_revision == 0


def test_recipients_and_key_policy_are_checked_and_kept_with_the_machine(post: Post, machine: Machine) -> None:
    values = {"title": "Approval", "starts_in": "draft", "context": '{"tries": 0}', "key_policy": "refuse"}
    assert post("save-chart", **{**values, "key_policy": "perhaps"}).status_code == 422
    assert post("save-chart", **values, recipients="nobody").status_code == 422
    assert (
        "ops@example.com"
        in post("save-chart", **values, recipients="ops@example.com, lead@example.com").content.decode()
    )
    assert machine.alert_recipients == ["ops@example.com", "lead@example.com"]
    assert machine.key_policy == "refuse"


def test_a_newer_draft_is_never_overwritten_and_says_whose_it_is(post: Post, machine: Machine) -> None:
    post("add-state", title="Theirs", type="atomic")
    mine = post("add-state", title="Mine", type="atomic", revision=0)
    text = mine.content.decode()
    assert mine.status_code == 409
    assert "Mira Vogel changed this draft" in text
    assert "add Theirs" in text
    assert "mine" not in machine.draft["states"]


def test_undo_and_redo_survive_a_reload_and_give_the_same_document(page: Client, post: Post, machine: Machine) -> None:
    first = machine.draft
    post("add-state", title="One", type="atomic")
    post("delete-state", ref="review")
    last = machine.draft
    assert "Undo: delete Review" in page.get(design(machine)).content.decode()
    post("undo")
    post("undo")
    assert json.dumps(machine.draft) == json.dumps(first)
    post("undo")
    assert json.dumps(machine.draft) == json.dumps(first)
    post("redo")
    post("redo")
    assert json.dumps(machine.draft) == json.dumps(last)


def test_an_edit_after_undo_starts_a_branch_and_keeps_every_revision(post: Post, machine: Machine) -> None:
    post("add-state", title="One", type="atomic")
    post("undo")
    post("add-state", title="Two", type="atomic")
    assert "two" in machine.draft["states"]
    assert "one" not in machine.draft["states"]
    assert list(DraftRevision.objects.values_list("number", "parent")) == [(0, None), (1, 0), (2, 0)]


def test_what_a_user_wrote_is_text_on_the_page(post: Post, page: Client, machine: Machine) -> None:
    evil = "<script>alert(1)</script>"
    post("add-state", title=evil, key="evil", type="atomic")
    post("save-chart", title=evil, starts_in="draft", description=evil, key_policy="existing")
    for ref in ("", "evil"):
        text = page.get(design(machine), {"select": ref}).content.decode()
        assert evil not in text
        assert "&lt;script&gt;" in text


def test_no_page_has_inline_script_or_style(page: Client, machine: Machine) -> None:
    for address in (
        design(machine),
        reverse("designer:machines"),
        reverse("designer:new"),
        reverse("designer:versions", args=[machine.slug]),
    ):
        text = page.get(address).content.decode()
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text
        assert all("src=" in tag.split(">", 1)[0] for tag in text.split("<script")[1:])


@pytest.mark.parametrize("ref", ["nowhere", "draft/on/7", "draft/invoke/0", "x/y/z", "/", "draft/on/" + "9" * 500])
def test_a_ref_that_names_nothing_shows_the_chart_and_cannot_be_changed(
    page: Client, post: Post, machine: Machine, ref: str
) -> None:
    assert 'data-ref=""' in page.get(design(machine), {"select": ref}).content.decode()
    for name in (
        "save-state",
        "save-transition",
        "save-activity",
        "delete-state",
        "delete-transition",
        "delete-activity",
    ):
        assert post(name, ref=ref).status_code == 404


def test_a_guard_is_checked_as_it_is_typed(post: Post) -> None:
    assert "live bad" in post("check", guard="event.pages >").content.decode()
    assert "Valid" in post("check", guard="event.pages > 0").content.decode()


def test_the_export_is_the_draft_in_its_own_order(page: Client, machine: Machine) -> None:
    answer = page.get(reverse("designer:export", args=[machine.slug]))
    assert answer["Content-Disposition"] == 'attachment; filename="approval-draft.json"'
    assert list(json.loads(answer.content)["states"]) == ["draft", "review", "approved"]


def test_a_draft_that_cannot_be_read_still_has_its_page(page: Client, machine: Machine, owner: User) -> None:
    Machine.objects.filter(pk=machine.pk).update(draft={"signalbox": 1, "id": "x", "states": {"a": {"on": 7}}})
    text = page.get(design(machine)).content.decode()
    assert "No picture of this draft" in text


def test_a_guard_that_can_never_be_true_or_false_is_refused_as_it_is_typed(post: Post, machine: Machine) -> None:
    assert "must be true or false" in post("check", guard='"abc"').content.decode()
    values = {"owner": "draft", "kind": "on", "event": "x", "target": "review", "guard": '"abc"'}
    assert post("add-transition", **values).status_code == 422
    assert machine.draft_revision == 0


def test_the_default_of_a_history_state_is_drawn_by_forms(page: Client, post: Post, machine: Machine) -> None:
    post("add-state", title="Back", type="history")
    text = page.get(design(machine), {"select": "back"}).content.decode()
    assert 'id="add-always"' in text
    assert 'id="add-on"' not in text


def test_a_page_that_does_not_exist_leads_back(page: Client) -> None:
    answer = page.get("/machines/nowhere/design")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
