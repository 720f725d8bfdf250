"""Publishing drafts as immutable versions."""

from __future__ import annotations

import copy
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from orchestrator.definitions.charts import chart_of
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine, Version
from orchestrator.definitions.publish import PublishError, StaleDraftError, draft_errors, publish
from tests.definitions.test_machines import DOCUMENT


@pytest.fixture
def owner(db: None) -> User:
    return User.objects.create_user("ada")


@pytest.fixture
def machine(owner: User) -> Machine:
    return create_machine(owner, "Loan", DOCUMENT)


def test_a_published_draft_becomes_the_current_version(machine: Machine, owner: User) -> None:
    version = publish(machine, owner, notes="first")
    stored = Machine.objects.get(pk=machine.pk)
    assert (version.number, version.notes, stored.current) == (1, "first", version)
    assert list(chart_of(version.pk).states) == ["zebra", "b", "aardvark"]


def test_an_unchanged_draft_makes_no_second_version(machine: Machine, owner: User) -> None:
    assert publish(machine, owner) == publish(machine, owner)
    assert Version.objects.count() == 1


def test_a_changed_draft_is_the_next_number_and_the_old_version_stays(machine: Machine, owner: User) -> None:
    first = publish(machine, owner)
    machine.draft["states"]["b"]["title"] = "Bee"
    machine.save()
    second = publish(machine, owner)
    assert (second.number, second.content_hash != first.content_hash) == (2, True)
    assert Version.objects.get(pk=first.pk).document["states"]["b"] == {}


def test_a_draft_that_was_changed_since_it_was_seen_is_not_published(machine: Machine, owner: User) -> None:
    Machine.objects.filter(pk=machine.pk).update(draft_revision=1)
    with pytest.raises(StaleDraftError):
        publish(machine, owner, expected_revision=machine.draft_revision)
    assert not Version.objects.exists()
    assert publish(machine, owner, expected_revision=1).number == 1


def test_an_invalid_draft_is_refused_by_state_and_field_and_nothing_is_stored(machine: Machine, owner: User) -> None:
    machine.draft["states"]["zebra"]["on"] = [{"event": "go", "target": "nowhere"}]
    machine.save()
    with pytest.raises(PublishError) as caught:
        publish(machine, owner)
    problem = caught.value.problems[0]
    assert problem.state == "zebra"
    assert "nowhere" in problem.message
    assert not Version.objects.exists()
    assert Machine.objects.get(pk=machine.pk).current is None


@pytest.mark.parametrize(
    "draft", [[], {}, {"signalbox": 1, "id": "x", "states": 3}, {"signalbox": 1, "states": {"a": []}}]
)
def test_a_malformed_draft_is_refused_with_its_place(machine: Machine, owner: User, draft: object) -> None:
    machine.draft = copy.deepcopy(draft)
    machine.save()
    with pytest.raises(PublishError) as caught:
        publish(machine, owner)
    assert all(problem.message and problem.fix for problem in caught.value.problems)
    assert draft_errors(draft) == caught.value.problems
    assert not Version.objects.exists()


def test_a_version_cannot_be_saved_again(machine: Machine, owner: User) -> None:
    version = publish(machine, owner)
    version.notes = "changed"
    with pytest.raises(ValueError, match="never changed"):
        version.save()


def test_the_database_refuses_to_change_a_version(machine: Machine, owner: User) -> None:
    version = publish(machine, owner)
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(notes="changed")
    assert Version.objects.get(pk=version.pk).notes == ""


@pytest.mark.django_db(transaction=True)
def test_two_who_publish_at_once_make_one_version() -> None:
    owner = User.objects.create_user("grace")
    machine = create_machine(owner, "Race", DOCUMENT)

    def run() -> None:
        try:
            publish(Machine.objects.get(pk=machine.pk), owner)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Version.objects.filter(machine=machine).count() == 1
