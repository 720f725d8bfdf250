"""Making instances: each business key of a machine has one current one, whoever asks first and however often.

What a key that is taken means is the machine's `key_policy`: the existing instance is the answer, the start is refused,
or a new run follows once the last has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from orchestrator.definitions.rollout import version_for
from orchestrator.runtime import intake, store_intake
from orchestrator.runtime.intake import CommandError
from orchestrator.runtime.requests import Started, StartRequest
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.store_intake import KnownMachine, NewInstance, Target
from orchestrator.statechart.snapshot import FINISHED

Answer = TypeVar("Answer")
Given = TypeVar("Given")
Machines = Mapping[str, KnownMachine]
Pair = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Made:
    """Instances by machine and key, the ids of the new ones, and which run each of those follows, if any."""

    found: dict[Pair, Target]
    new: set[int]
    retired: dict[int, int]


def checked_start(request: StartRequest) -> str:
    intake.text(request.machine, "machine", required=True)
    intake.text(request.key, "key", required=True)
    intake.text(request.correlation, "correlation")
    intake.event_time(request.occurred_at)
    return intake.data_text(request.context, "context")


def started(request: StartRequest, known: Machines, made: Made, taken: Container[int]) -> Started:
    """The answer to a start; `taken` holds the new instances which an earlier item of the call has made."""
    machine = known_machine(known, request.machine)
    target = made.found.get((machine.id, request.key))
    if target is None:
        raise CommandError("not-published", f"the machine {request.machine} has no version yet; publish it", "machine")
    created = target.id in made.new and target.id not in taken
    if not created and machine.key_policy == "refuse":
        raise CommandError("conflict", f"there is an instance with the key {request.key}; choose another key", "key")
    return Started(target.id, target.key, created)


def known_machine(known: Machines, slug: str) -> KnownMachine:
    if slug not in known:
        raise CommandError("unknown-machine", f"there is no machine {slug}; check its slug", "machine")
    return known[slug]


def renewable(target: Target, machine: KnownMachine) -> bool:
    """Whether a start with the key of this instance makes a further run."""
    return machine.key_policy == "new" and machine.version is not None and target.status in FINISHED


def make(cursor: Cursor, requests: Iterable[StartRequest], known: Machines, now: datetime) -> Made:
    """Find or make the wanted instances."""
    rows: dict[Pair, NewInstance] = {}
    machines: dict[Pair, KnownMachine] = {}
    for request in requests:
        machine = known.get(request.machine)
        if machine:
            pair = (machine.id, request.key)
            when = clamped(request.occurred_at, now)
            version = version_for(machine.rollout, *pair) if machine.rollout else machine.version or 0
            new = NewInstance(machine.id, version, request.key, request.correlation, when)
            rows.setdefault(pair, new)
            machines[pair] = machine
    found = store_intake.by_key(cursor, rows)
    over = {pair: target.id for pair, target in found.items() if renewable(target, machines[pair])}
    retired = store_intake.retire(cursor, list(over.values()))
    missing = [row for pair, row in rows.items() if (pair not in found or pair in over) and row.version]
    made = store_intake.create(cursor, missing)
    raced = [(row.machine, row.key) for row in missing if (row.machine, row.key) not in made]
    return Made(
        found={**found, **made, **store_intake.by_key(cursor, raced)},
        new={target.id for target in made.values()},
        retired={made[pair].id: old for pair, old in over.items() if pair in made and old in retired},
    )


def clamped(occurred_at: datetime | None, now: datetime) -> datetime:
    """Event time, which is never later than the database clock."""
    return now if occurred_at is None else min(occurred_at, now)


def caught(check: Callable[[Given], Answer], given: Given) -> Answer | CommandError:
    try:
        return check(given)
    except CommandError as error:
        return error
