"""Weighted rollout: which of a machine's versions new instances start in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from django.db import transaction

from orchestrator.definitions.models import Machine

WHOLE = 100
MOST = 10  # versions at once
Shares = Sequence[tuple[int, int]]  # (id of a version, its weight), the oldest version first


class RolloutError(ValueError):
    """The weights cannot be used; the text says why and what helps."""


def version_for(shares: Shares, machine: int, key: str) -> int:
    """The version of a start by its business key: the same each time, and mostly the same when weights change."""
    digest = hashlib.sha256(f"{machine}/{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") % WHOLE
    for version, weight in shares:
        place -= weight
        if place < 0:
            return version
    return shares[-1][0]


def set_rollout(machine: Machine, weights: Mapping[int, int]) -> None:
    """Spread new starts over versions by their numbers; without weights all start in the current version.

    Raises RolloutError.
    """
    if len(weights) > MOST:
        raise RolloutError(f"{len(weights)} versions at once; spread starts over at most {MOST}")
    for number, weight in weights.items():
        if type(weight) is not int or not 0 < weight <= WHOLE:
            raise RolloutError(f"the weight of version {number} must be a whole number from 1 to {WHOLE}")
    if weights and sum(weights.values()) != WHOLE:
        raise RolloutError(f"the weights add up to {sum(weights.values())}; make it {WHOLE}")
    with transaction.atomic():
        locked = Machine.objects.select_for_update().get(pk=machine.pk)
        found = dict(locked.versions.filter(number__in=list(weights)).values_list("number", "pk"))
        missing = [number for number in weights if number not in found]
        if missing:
            raise RolloutError(f"there is no version {missing[0]}; choose a published one")
        locked.rollout = [[found[number], weights[number]] for number in sorted(weights)]
        locked.save(update_fields=["rollout", "updated_at"])
    machine.rollout = locked.rollout


def weights_of(machine: Machine) -> dict[int, int]:
    """Weight by the number of the version; empty when all start in the current one."""
    numbers = dict(machine.versions.filter(pk__in=[pk for pk, _ in machine.rollout]).values_list("pk", "number"))
    return {numbers[pk]: weight for pk, weight in machine.rollout}
