"""Edits are pure: in whatever order, the document stays readable and every reference leads somewhere."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designer import edits
from designer.edits.tree import failures, targets_of, transition_slots, walk
from orchestrator.statechart.document import parse

KEYS = ["a", "b", "c", "d", "e"]


def chart() -> dict[str, Any]:
    return {
        "signalbox": 1,
        "id": "approval",
        "title": "Approval",
        "initial": "draft",
        "context": {},
        "states": {
            "draft": {"on": [{"event": "submit", "target": "review"}]},
            "review": {
                "initial": "reading",
                "states": {
                    "reading": {"on": [{"event": "read", "target": "judging"}]},
                    "judging": {"type": "final"},
                },
                "on": [{"event": "approve", "target": "approved"}, {"event": "reject", "target": "draft"}],
                "after": [{"delay": "PT48H", "target": "approved"}],
                "invoke": [
                    {
                        "id": "tell",
                        "kind": "email",
                        "title": "Tell",
                        "onFailure": {"policy": "catch", "target": "draft"},
                    }
                ],
            },
            "approved": {"type": "final"},
        },
    }


def test_a_new_state_stands_last_and_the_first_one_becomes_initial() -> None:
    empty = {"signalbox": 1, "id": "x", "title": "X", "states": {}}
    one = edits.add_state(empty, "draft", "Draft")
    two = edits.add_state(one, "done", "Done", "final")
    assert one["initial"] == two["initial"] == "draft"
    assert two["states"] == {"draft": {"title": "Draft"}, "done": {"title": "Done", "type": "final"}}
    assert empty["states"] == {}


def test_a_state_inside_makes_its_parent_compound() -> None:
    result = edits.add_state(chart(), "typing", parent="draft")
    assert result["states"]["draft"]["initial"] == "typing"
    assert parse(result).states["draft"].type == "compound"


@pytest.mark.parametrize("key", ["", "1st", "a b", "x/y", "draft", "ä" * 3, "k" * 81])
def test_a_bad_or_taken_key_is_refused_and_names_the_field(key: str) -> None:
    with pytest.raises(edits.EditError) as refusal:
        edits.add_state(chart(), key)
    assert refusal.value.field == "key"


def test_a_final_state_takes_no_children() -> None:
    with pytest.raises(edits.EditError) as refusal:
        edits.add_state(chart(), "x", parent="approved")
    assert refusal.value.field == "parent"


def test_renaming_keeps_the_place_and_leads_all_references_along() -> None:
    result = edits.rename_state(edits.rename_state(chart(), "draft", "first"), "reading", "looking")
    assert list(result["states"]) == ["first", "review", "approved"]
    assert result["initial"] == "first"
    assert result["states"]["review"]["initial"] == "looking"
    assert result["states"]["review"]["on"][1]["target"] == "first"
    assert result["states"]["review"]["invoke"][0]["onFailure"]["target"] == "first"


def test_deleting_a_state_takes_the_transitions_to_it_and_no_others() -> None:
    document = chart()
    assert edits.doomed_transitions(document, "approved") == ["review/on/0", "review/after/0"]
    result = edits.delete_state(document, "approved")
    assert [transition["event"] for transition in result["states"]["review"]["on"]] == ["reject"]
    assert "after" not in result["states"]["review"]


def test_deleting_a_target_of_a_failure_policy_falls_back_to_fail() -> None:
    result = edits.delete_state(chart(), "draft")
    assert result["states"]["review"]["invoke"][0]["onFailure"] == {"policy": "fail"}
    assert result["initial"] == "review"


def test_deleting_the_last_child_leaves_a_plain_state() -> None:
    result = edits.delete_state(edits.delete_state(chart(), "reading"), "judging")
    assert parse(result).states["review"].type == "atomic"


def test_a_transition_with_several_targets_loses_only_the_deleted_one() -> None:
    document, ref = edits.add_transition(chart(), "draft", "on", {"event": "x", "target": ["review", "approved"]})
    result = edits.delete_state(document, "approved")
    assert edits.find_transition(result, ref).items[1]["target"] == "review"


def test_a_state_cannot_be_moved_into_itself() -> None:
    with pytest.raises(edits.EditError, match="inside itself"):
        edits.move_state(chart(), "review", "reading")


def test_moving_a_state_out_heals_the_initial_state_it_leaves() -> None:
    result = edits.move_state(chart(), "reading", None)
    assert result["states"]["review"]["initial"] == "judging"
    assert list(result["states"]) == ["draft", "review", "approved", "reading"]


def test_a_transition_needs_its_event_its_delay_and_an_existing_target() -> None:
    for kind, values, field in [
        ("on", {"target": "review"}, "event"),
        ("after", {"target": "review"}, "delay"),
        ("on", {"event": "x", "target": "nowhere"}, "target"),
    ]:
        with pytest.raises(edits.EditError) as refusal:
            edits.add_transition(chart(), "draft", kind, values)
        assert refusal.value.field == field


def test_unknown_keys_of_a_transition_survive_an_update() -> None:
    document = chart()
    document["states"]["draft"]["on"][0]["meta"] = {"note": "keep me"}
    result = edits.update_transition(document, "draft/on/0", {"event": "send", "target": "approved"})
    assert result["states"]["draft"]["on"] == [{"event": "send", "target": "approved", "meta": {"note": "keep me"}}]


def test_empty_values_leave_no_empty_keys_behind() -> None:
    result = edits.update_state(chart(), "draft", {"title": "", "entry": [], "expectedWithin": "", "type": "atomic"})
    assert result["states"]["draft"] == {"on": [{"event": "submit", "target": "review"}]}


def test_an_activity_result_transition_hangs_on_the_activity() -> None:
    document, ref = edits.add_transition(chart(), "review/invoke/0", "onDone", {"target": "approved"})
    assert ref == "review/invoke/0/onDone/0"
    assert document["states"]["review"]["invoke"][0]["onDone"] == [{"target": "approved"}]
    assert parse(document).transition(ref) is not None


def test_two_activities_cannot_share_an_id() -> None:
    with pytest.raises(edits.EditError) as refusal:
        edits.add_activity(chart(), "draft", {"id": "tell", "kind": "http", "title": "x"})
    assert refusal.value.field == "id"


@pytest.mark.parametrize("ref", ["", "nowhere/on/0", "draft/on/1", "draft/on/x", "draft", "draft/invoke/0"])
def test_a_ref_that_names_nothing_is_refused(ref: str) -> None:
    with pytest.raises(edits.EditError):
        edits.find_transition(chart(), ref)


STEP = st.one_of(
    st.tuples(
        st.just("add"),
        st.sampled_from(KEYS),
        st.sampled_from([None, *KEYS]),
        st.sampled_from(["", "final", "parallel", "history"]),
    ),
    st.tuples(st.just("rename"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
    st.tuples(st.just("move"), st.sampled_from(KEYS), st.sampled_from([None, *KEYS])),
    st.tuples(st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(
        st.just("type"), st.sampled_from(KEYS), st.sampled_from(["atomic", "compound", "parallel", "final", "history"])
    ),
    st.tuples(
        st.just("way"),
        st.sampled_from(KEYS),
        st.sampled_from(["on", "after", "always", "onDone"]),
        st.lists(st.sampled_from(KEYS), max_size=2, unique=True),
    ),
    st.tuples(st.just("activity"), st.sampled_from(KEYS), st.sampled_from(KEYS)),
)


def do(document: edits.Document, step: tuple[Any, ...]) -> edits.Document:
    name, *rest = step
    if name == "way":
        return edits.add_transition(
            document,
            rest[0],
            rest[1],
            {"event": "e" if rest[1] == "on" else "", "delay": "PT1S" if rest[1] == "after" else "", "target": rest[2]},
        )[0]
    if name == "activity":
        values = {
            "kind": "http",
            "title": "T",
            "input": {"url": "https://example.com"},
            "onFailure": {"policy": "catch", "target": rest[1]},
        }
        return edits.add_activity(document, rest[0], values)[0]
    if name == "add":
        return edits.add_state(document, rest[0], "", rest[2], rest[1])
    if name == "type":
        return edits.update_state(document, rest[0], {"type": rest[1]})
    if name == "rename":
        return edits.rename_state(document, rest[0], rest[1])
    if name == "move":
        return edits.move_state(document, rest[0], rest[1])
    return edits.delete_state(document, rest[0])


def dangling(document: edits.Document) -> list[str]:
    """References that lead nowhere."""
    keys = set(edits.state_ids(document))
    nodes = [*(slot.items[slot.position] for _, slot in transition_slots(document)), *failures(document)]
    lost = [target for node in nodes for target in targets_of(node) if target not in keys]
    holders = [document, *(place.state for _, place in walk(document))]
    return lost + [
        holder["initial"]
        for holder in holders
        if holder.get("initial") and holder["initial"] not in (holder.get("states") or {})
    ]


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, max_size=25))
def test_any_sequence_of_edits_keeps_the_document_readable_and_its_references_whole(
    steps: list[tuple[Any, ...]],
) -> None:
    document: edits.Document = {"signalbox": 1, "id": "x", "title": "X", "states": {}}
    for step in steps:
        before = copy.deepcopy(document)
        try:
            after = do(document, step)
        except edits.EditError:
            after = document
        assert document == before, "an edit must not change what it was given"
        parse(after)
        assert dangling(after) == []
        document = after
