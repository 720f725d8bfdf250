"""The gallery's documents and loading them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from designer.gallery.load import GalleryEntry, gallery_entries, load_gallery
from orchestrator.definitions.models import Machine, Version
from orchestrator.sdk.activities import lookup
from orchestrator.statechart.document import dump, parse
from orchestrator.statechart.validate import validate
from tests.gallery.driver import CALLABLES

EXPECTED = {
    "bank-loan",
    "batch-etl",
    "document-approval",
    "loan-application",
    "notification-pipeline",
    "order-fulfilment",
}


def test_the_gallery_holds_every_promised_process() -> None:
    assert {entry.slug for entry in gallery_entries()} == EXPECTED


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_a_document_is_valid_and_named_for_people(entry: GalleryEntry) -> None:
    chart = parse(entry.document)
    assert [f"{problem.path}: {problem.message}" for problem in validate(chart)] == []
    assert entry.document["id"] == entry.slug
    assert len(entry.description) > 40
    assert all(state.title for state in chart.states.values())
    assert parse(dump(chart)) == chart


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_every_python_activity_and_compensation_exists(entry: GalleryEntry) -> None:
    for state in parse(entry.document).states.values():
        for activity in state.activities:
            for part in (activity, activity.compensation):
                if part is not None and part.kind == "python":
                    assert lookup(str(part.input["callable"])).__module__ == CALLABLES


def test_the_bank_loan_waits_for_nothing_but_events() -> None:
    chart = parse(next(entry.document for entry in gallery_entries() if entry.slug == "bank-loan"))
    kinds = {transition.kind for state in chart.states.values() for transition in state.transitions}
    assert kinds == {"on", "always"}
    assert not any(state.activities for state in chart.states.values())
    assert all(chart.states[name].expected_within for name in ("preaccepted", "accepted", "finalized"))


def test_entries_are_copies_of_the_callers_own() -> None:
    gallery_entries()[0].document.clear()
    assert gallery_entries()[0].document["title"]


@pytest.mark.django_db
def test_loading_publishes_each_once_and_never_touches_a_users_edit() -> None:
    owner = User.objects.create_user("ada")
    assert {machine.slug for machine in load_gallery(owner)} == EXPECTED
    assert Machine.objects.filter(current=None).count() == 0
    edited = Machine.objects.get(slug="batch-etl")
    edited.draft["states"]["loaded"]["title"] = "Mine"
    edited.save()
    Machine.objects.filter(slug="loan-application").update(slug="renamed")
    assert [machine.slug for machine in load_gallery(owner)] == ["loan-application"]
    assert load_gallery(owner) == []
    assert Machine.objects.get(slug="batch-etl").draft["states"]["loaded"]["title"] == "Mine"
    assert Version.objects.count() == len(EXPECTED) + 1
