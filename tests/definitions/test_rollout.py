"""New starts are spread over versions by weights, each business key always to the same one."""

from __future__ import annotations

import copy
from collections import Counter
from io import StringIO
from itertools import accumulate, pairwise

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import publish
from orchestrator.definitions.rollout import MOST, RolloutError, set_rollout, version_for, weights_of
from orchestrator.statechart.definition import JSON

DOCUMENT: dict[str, JSON] = {
    "signalbox": 1,
    "id": "m",
    "title": "M",
    "initial": "a",
    "states": {"a": {"title": "0", "on": [{"event": "go", "target": "b"}]}, "b": {"type": "final"}},
}


def next_version(machine: Machine, keep_rollout: bool = False) -> None:
    number = machine.versions.count()
    draft = copy.deepcopy(DOCUMENT)
    draft["title"] = str(number)
    Machine.objects.filter(pk=machine.pk).update(draft=draft)
    publish(machine, machine.owner, keep_rollout=keep_rollout)


@pytest.fixture
def machine(db: None) -> Machine:
    """One with versions 1 to 3."""
    made = create_machine(User.objects.create_user("ada"), "Order", DOCUMENT)
    for _ in range(3):
        next_version(made)
    return made


@given(st.lists(st.integers(1, 99), min_size=1, max_size=9, unique=True), st.integers(1), st.text())
def test_every_key_has_one_version_among_those_with_a_weight(bounds: list[int], machine: int, key: str) -> None:
    edges = [0, *sorted(bounds), 100]
    shares = [(at, after - before) for at, (before, after) in enumerate(pairwise(edges))]
    assert list(accumulate(weight for _, weight in shares))[-1] == 100
    assert version_for(shares, machine, key) == version_for(shares, machine, key) < len(shares)


def test_starts_are_spread_by_the_weights() -> None:
    counts = Counter(version_for([(1, 90), (2, 10)], 7, f"order-{number}") for number in range(5_000))
    assert 400 < counts[2] < 600


@given(st.text(), st.integers(1, 98))
def test_a_key_of_the_newest_version_stays_there_when_its_weight_grows(key: str, weight: int) -> None:
    before = version_for([(1, 100 - weight), (2, weight)], 7, key)
    after = version_for([(1, 99 - weight), (2, weight + 1)], 7, key)
    assert after >= before


def test_weights_are_kept_by_number_and_reset_by_a_new_version_unless_chosen_otherwise(machine: Machine) -> None:
    set_rollout(machine, {3: 10, 1: 90})
    assert list(weights_of(machine).items()) == [(1, 90), (3, 10)]
    next_version(machine, keep_rollout=True)
    assert weights_of(Machine.objects.get()) == {1: 90, 3: 10}
    next_version(machine)
    assert weights_of(Machine.objects.get()) == weights_of(machine) == {}


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({1: 50, 2: 49}, "add up to 99"),
        ({1: 0, 2: 100}, "version 1 must be a whole number from 1"),
        ({1: 101}, "version 1 must be a whole number from 1 to 100"),
        ({1: 90, 9: 10}, "no version 9"),
        ({number: 1 for number in range(MOST + 1)}, "at most 10"),
    ],
)
def test_weights_that_mean_nothing_are_refused_and_change_nothing(
    machine: Machine, weights: dict[int, int], said: str
) -> None:
    set_rollout(machine, {1: 100})
    with pytest.raises(RolloutError, match=said):
        set_rollout(machine, weights)
    assert weights_of(Machine.objects.get()) == {1: 100}


def test_the_shell_shows_and_sets_weights(machine: Machine) -> None:
    def rollout(*args: str) -> str:
        out = StringIO()
        call_command("rollout", "order", *args, stdout=out)
        return out.getvalue()

    assert "100 % of new instances start in version 3" in rollout()
    assert " 80 % of new instances start in version 1" in rollout("1=80", "3=20")
    with pytest.raises(CommandError, match="not “x=1”"):
        rollout("x=1")
    with pytest.raises(CommandError, match="add up to 1"):
        rollout("1=1")
    assert "100 % of new instances start in version 3" in rollout("--reset")
