"""Running instances go on in another version: in the batch, ordered and journaled, and a replay follows them."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestrator.definitions.models import Machine, Version
from orchestrator.definitions.rollout import set_rollout, version_for
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import (
    CommandError,
    EventRequest,
    MigrationReport,
    MigrationRequest,
    Started,
    StartRequest,
    migrate,
    send,
    start,
    start_many,
)
from orchestrator.runtime.models import ActivityRun, InboxEvent, Incident, Instance, JournalEntry, Timer
from orchestrator.runtime.perform import perform
from orchestrator.runtime.verify import problems
from tests.runtime.conftest import ORDER, Publish

CHECKED = {"on": [{"event": "approve", "target": "done"}, {"event": "return", "target": "draft"}]}
CALL = {"id": "call", "kind": "python", "input": {"callable": "nowhere.to.be.found"}, "retry": {"maxAttempts": 1}}


def following(machine: Machine, number: int = 2, **states: dict[str, Any] | None) -> Version:
    """Another version of the machine: its states with these instead, those of None gone."""
    document = copy.deepcopy(machine.draft)
    document["states"] = {key: state for key, state in {**document["states"], **states}.items() if state is not None}
    return Version.objects.create(
        machine=machine, number=number, document=document, content_hash=f"v{number}", published_by=machine.owner
    )


def checked_version(machine: Machine) -> Version:
    """A version in which the state `review` is called `check`."""
    draft = copy.deepcopy(ORDER["states"]["draft"])
    draft["on"][0]["target"] = "check"
    return following(machine, draft=draft, review=None, check=CHECKED)


def reviewed(publish: Publish, count: int = 1, **states: dict[str, Any]) -> Machine:
    """Instances which stand in `review`."""
    machine = publish(**states)
    for number in range(count):
        instance = start(StartRequest(machine.slug, f"k{number}")).instance
        send(EventRequest("submit", instance=instance))
    drain()
    return machine


def wish(of: Machine, **more: Any) -> MigrationRequest:
    return MigrationRequest(**{"machine": of.slug, "to": 2, "reason": "the review is new", **more})


def migrated(machine: Machine, **more: Any) -> MigrationReport:
    report = migrate(wish(machine, **more), "anna")
    drain()
    return report


def test_an_instance_goes_on_in_the_new_version_under_its_new_state_and_a_replay_follows(publish: Publish) -> None:
    machine = reviewed(publish)
    version = checked_version(machine)
    assert migrated(machine, mapping={"review": "check"}).asked == 1
    found = Instance.objects.get()
    assert (found.version_id, found.configuration, found.status) == (version.pk, "check", "running")
    entry = JournalEntry.objects.get(name="migrate")
    assert (entry.actor, entry.outcome) == ("anna", "applied")
    told = {"reason": "the review is new", "from": machine.current_id, "to": version.pk, "mapping": {"review": "check"}}
    assert json.loads(entry.data) == told
    send(EventRequest("return", instance=found.pk))
    send(EventRequest("submit", instance=found.pk))
    drain()
    assert Instance.objects.get().configuration == "check"
    assert list(problems()) == []


def test_a_replay_that_leads_to_another_version_is_told(publish: Publish) -> None:
    machine = reviewed(publish)
    version = following(machine)
    Instance.objects.update(version=version)
    assert list(problems()) == []  # both versions lead there, and no row tells of another one
    migrated(machine, to=1)
    Instance.objects.update(version=version)
    (told,) = problems()
    assert "it leads to the version" in told


def test_a_dry_run_and_the_change_say_the_same_and_the_dry_run_changes_nothing(publish: Publish) -> None:
    machine = reviewed(publish, 3)
    start(StartRequest(machine.slug, "fresh"))
    drain()
    checked_version(machine)
    planned = migrate(wish(machine), "anna", dry_run=True)
    assert (planned.kinds, planned.asked) == ({"needs-mapping": 3, "fits": 1}, 0)
    (reason,) = planned.reasons
    assert (reason.code, reason.state, planned.reasons[reason]) == ("unmapped", "review", 3)
    assert "review=check" in reason.mend
    assert InboxEvent.objects.count() == 0
    changed = migrated(machine)
    assert (changed.kinds, changed.reasons, changed.asked) == (planned.kinds, planned.reasons, 1)
    assert dict(Instance.objects.values_list("key", "version__number"))["fresh"] == 2


def test_what_is_stranded_says_why_and_stays_until_the_loss_is_accepted(publish: Publish) -> None:
    machine = reviewed(publish)
    following(machine, review={"on": [{"event": "other", "target": "done"}]})
    report = migrated(machine)
    (reason, second) = report.reasons
    assert report.kinds == {"stranded": 1}
    assert (reason.code, second.code, "approve" in reason.message) == ("event-gone", "event-gone", True)
    assert Instance.objects.get().version_id == machine.current_id
    assert migrated(machine, accept=["event-gone"]).notes == {reason: 1, second: 1}
    assert Instance.objects.get().version.number == 2
    assert list(problems()) == []


def test_one_that_moved_on_before_its_turn_and_does_not_fit_any_more_stays_as_it_was(publish: Publish) -> None:
    machine = publish()
    instance = start(StartRequest(machine.slug, "k")).instance
    drain()
    checked_version(machine)
    send(EventRequest("submit", instance=instance))
    assert migrated(machine).asked == 1  # judged where it stood before the event
    found, entry = Instance.objects.get(), JournalEntry.objects.get(name="migrate")
    assert (found.configuration, found.version_id, entry.outcome) == ("review", machine.current_id, "error")
    assert "no state “review”" in json.loads(entry.detail)["message"]
    assert list(problems()) == []


def test_a_call_that_is_made_twice_changes_each_instance_once(publish: Publish) -> None:
    machine = reviewed(publish, 2)
    following(machine)
    assert (migrate(wish(machine), "anna").asked, migrated(machine).asked) == (2, 2)
    assert sorted(JournalEntry.objects.filter(name="migrate").values_list("outcome", flat=True)) == [
        *("applied", "applied"),
        *("ignored", "ignored"),
    ]
    assert migrated(machine).chosen == 0
    assert list(problems()) == []


def test_timers_go_on_from_when_the_state_was_entered_and_those_that_are_gone_are_cancelled(publish: Publish) -> None:
    timed = {**CHECKED, "after": [{"delay": "PT4H", "target": "done"}, {"delay": "P9D", "target": "draft"}]}
    machine = reviewed(publish, review=timed)
    began = json.loads(Instance.objects.get().snapshot)["entered"]["review"]
    following(machine, review={**timed, "after": [{"delay": "PT6H", "target": "done"}, timed["after"][1]]})
    kept = Timer.objects.get(ref="after.review/after/1").pk
    migrated(machine)
    assert {timer.ref: timer.due - datetime.fromisoformat(began) for timer in Timer.objects.all()} == {
        "after.review/after/0": timedelta(hours=6),
        "after.review/after/1": timedelta(days=9),
    }
    assert Timer.objects.get(ref="after.review/after/1").pk == kept
    assert list(problems()) == []


@pytest.mark.django_db(transaction=True)
def test_a_failed_instance_keeps_its_incident_under_the_new_state_and_can_be_retried_there(publish: Publish) -> None:
    machine = reviewed(publish, review={**CHECKED, "invoke": [CALL]})
    perform(ActivityRun.objects.get().pk)
    drain()
    draft = copy.deepcopy(ORDER["states"]["draft"])
    draft["on"][0]["target"] = "check"
    following(machine, draft=draft, review=None, check={**CHECKED, "invoke": [CALL]})
    migrated(machine, mapping={"review": "check"})
    found = Instance.objects.get()
    assert (found.status, found.configuration, found.version.number) == ("failed", "check", 2)
    assert Incident.objects.filter(resolved_at=None).get().state == "check"
    assert list(problems()) == []


def test_only_those_of_the_filter_are_chosen_piece_by_piece(publish: Publish) -> None:
    machine = reviewed(publish, 3)
    start(StartRequest(machine.slug, "fresh"))
    drain()
    following(machine)
    assert migrate(wish(machine, states=["draft"]), "anna", dry_run=True).chosen == 1
    assert migrate(wish(machine, key="K1"), "anna", dry_run=True).chosen == 1
    assert migrate(wish(machine, versions=[2]), "anna", dry_run=True).chosen == 0
    named = Instance.objects.get(key="k2").pk
    assert migrate(wish(machine, instances=[named]), "anna", dry_run=True).chosen == 1
    first = migrate(wish(machine, limit=3), "anna", dry_run=True)
    assert first.next is not None
    rest = migrate(wish(machine, limit=3, after=first.next), "anna", dry_run=True)
    assert (first.chosen, rest.chosen, rest.next) == (3, 1, None)


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"to": 7}, "to", "has no version 7; its latest is 2"),
        ({"machine": "none"}, "machine", "no machine 'none'"),
        ({"mapping": {"nowhere": "draft"}}, "mapping", "no state “nowhere” in the old version"),
        ({"mapping": {"draft": "nowhere"}}, "mapping", "no state “nowhere” in the new version"),
        ({"accept": ["context"]}, "accept", "cannot be accepted"),
        ({"reason": ""}, "reason", "reason is missing"),
        ({"mapping": {f"s{n}": "draft" for n in range(501)}}, "mapping", "at most 500"),
    ],
    ids=["version", "machine", "old state", "new state", "accept", "reason", "too many"],
)
def test_a_wish_that_means_nothing_is_refused_by_its_field(
    publish: Publish, more: dict[str, Any], field: str, said: str
) -> None:
    machine = reviewed(publish)
    following(machine)
    with pytest.raises(CommandError, match=said) as refused:
        migrate(wish(machine, **more), "anna")
    assert refused.value.field == field
    assert InboxEvent.objects.count() == 0


def test_new_starts_are_spread_over_versions_and_a_repeated_start_meets_the_same(publish: Publish) -> None:
    machine = publish()
    following(machine)
    set_rollout(machine, {1: 50, 2: 50})
    requests = [StartRequest(machine.slug, f"k{number}") for number in range(40)]
    first = [answer for answer in start_many(requests) if isinstance(answer, Started)]
    met = dict(Instance.objects.values_list("pk", "version__number"))
    assert set(met.values()) == {1, 2}
    again = [answer for answer in start_many(requests) if isinstance(answer, Started)]
    assert [answer.instance for answer in again] == [answer.instance for answer in first]
    send(EventRequest("submit", machine=machine.slug, key="another", start=True))
    versions = {pk: number for number, pk in machine.versions.values_list("number", "pk")}
    chosen = version_for(Machine.objects.get(pk=machine.pk).rollout, machine.pk, "another")
    assert Instance.objects.get(key="another").version.number == versions[chosen]
