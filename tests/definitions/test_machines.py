"""Making machines."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.db import connection

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.statechart.definition import JSON

pytestmark = pytest.mark.django_db
DOCUMENT: dict[str, JSON] = {
    "signalbox": 1,
    "id": "x",
    "title": "X",
    "initial": "zebra",
    "states": {"zebra": {"on": [{"event": "go", "target": "b"}]}, "b": {}, "aardvark": {"type": "final"}},
}


@pytest.fixture
def owner() -> User:
    return User.objects.create_user("ada")


def test_the_draft_takes_over_slug_and_title_and_the_given_document_is_untouched(owner: User) -> None:
    machine = create_machine(owner, "  Loan   approval ", DOCUMENT)
    assert (machine.slug, machine.title) == ("loan-approval", "Loan approval")
    assert (machine.draft["id"], machine.draft["title"]) == ("loan-approval", "Loan approval")
    assert DOCUMENT["id"] == "x"


def test_the_order_of_states_survives_the_database(owner: User) -> None:
    pk = create_machine(owner, "Loan", DOCUMENT).pk
    assert list(Machine.objects.get(pk=pk).draft["states"]) == ["zebra", "b", "aardvark"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT draft::text FROM definitions_machine WHERE id = %s", [pk])
        assert list(json.loads(cursor.fetchone()[0])["states"]) == ["zebra", "b", "aardvark"]


def test_a_taken_slug_gets_a_number(owner: User) -> None:
    slugs = [create_machine(owner, "Loan", DOCUMENT).slug for _ in range(3)]
    assert slugs == ["loan", "loan-2", "loan-3"]
    long = [create_machine(owner, "x" * 100, DOCUMENT).slug for _ in range(2)]
    assert len(set(long)) == 2
    assert max(map(len, long)) <= 80


def test_a_reserved_word_and_a_title_without_letters_still_give_a_slug(owner: User) -> None:
    assert create_machine(owner, "New", DOCUMENT).slug == "new-2"
    assert create_machine(owner, "貸付", DOCUMENT).slug == "machine"


@pytest.mark.parametrize("title", ["", "   ", "x" * 121])
def test_a_title_that_cannot_be_used_stores_nothing(owner: User, title: str) -> None:
    with pytest.raises(ValueError, match="title"):
        create_machine(owner, title, DOCUMENT)
    assert not Machine.objects.exists()
