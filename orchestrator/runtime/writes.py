"""All that one batch will write, gathered in memory so that each table takes few statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from orchestrator.runtime.inputs import Input


class InstanceWrite(NamedTuple):
    id: int
    expected: int  # the seq which was read: the fence
    seq: int
    version: int
    status: str
    configuration: str
    snapshot: str
    updated_at: datetime
    next_due: datetime | None


class JournalWrite(NamedTuple):
    instance: int
    seq: int
    event: int
    kind: str
    name: str
    data: str
    outcome: str
    detail: str
    source: str
    actor: str
    occurred_at: datetime


class TimerWrite(NamedTuple):
    instance: int
    kind: str
    ref: str
    event: str
    data: str
    since: datetime
    due: datetime
    target: str = ""
    hops: int = 0


class ActivityWrite(NamedTuple):
    instance: int
    invocation: str
    activity: str
    state: str
    kind: str
    title: str
    spec: str
    idempotency_key: str
    compensates: str
    status: str
    asked_at: datetime


class IncidentWrite(NamedTuple):
    instance: int
    machine: int
    version: int
    kind: str
    state: str
    message: str
    since: datetime


class ChildWrite(NamedTuple):
    """A child instance to start: of the machine `slug`, or of the chart at `part` of the parent's own version."""

    parent: int
    invocation: str
    activity: str
    slug: str
    part: str
    key: str
    context: str
    started_at: datetime
    depth: int
    attached: bool


class Delivery(NamedTuple):
    """An event for another instance: one by its id, or (`target` 0) the sender's child of an `invocation`.

    `data` is that of an input of kind `sent`. When there is no such instance the sender is told.
    """

    sender: int
    target: int
    invocation: str
    name: str
    data: str
    occurred_at: datetime
    hops: int


class Answer(NamedTuple):
    """The end of a child, for the instance that waits for it: an input of kind `activity`."""

    instance: int
    name: str
    data: str
    occurred_at: datetime


class OutboxWrite(NamedTuple):
    instance: int
    bucket: int
    topic: str
    type: str
    data: str
    key: str
    source: str
    event_id: str  # with the source it is what receivers know the event by
    occurred_at: datetime


TimerKey = tuple[int, str, str]  # instance, kind, ref


@dataclass(slots=True)
class Writes:
    """`timers` maps to None what must be gone; `left` are (instance, state) whose incidents are resolved.

    `parked` are inputs of suspended instances, which go back to wait; `held` and `released` are instances that were
    suspended and resumed in this batch.
    """

    instances: list[InstanceWrite] = field(default_factory=list)
    journal: list[JournalWrite] = field(default_factory=list)
    timers: dict[TimerKey, TimerWrite | None] = field(default_factory=dict)
    activities: dict[tuple[int, str], ActivityWrite] = field(default_factory=dict)
    cancelled: dict[tuple[int, str], datetime] = field(default_factory=dict)
    retried: set[tuple[int, str]] = field(default_factory=set)
    left: set[tuple[int, str]] = field(default_factory=set)
    renamed: dict[tuple[int, str], str] = field(default_factory=dict)  # (instance, state) -> the state it became
    ended: dict[int, str] = field(default_factory=dict)  # instance -> resolution of all its incidents
    restarted: dict[int, bool] = field(default_factory=dict)  # instance -> whether it had failed as a whole
    outbox: list[OutboxWrite] = field(default_factory=list)
    incidents: dict[tuple[int, str, str], IncidentWrite] = field(default_factory=dict)
    children: dict[tuple[int, str], ChildWrite] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    parked: list[Input] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    released: set[int] = field(default_factory=set)

    def leave(self, instance: int, state: str) -> None:
        """A state was left: what was open about it is over, and what this batch was about to open never began."""
        self.left.add((instance, state))
        if self.incidents:
            for key in [key for key in self.incidents if key[0] == instance and key[2] == state]:
                del self.incidents[key]

    def rename(self, instance: int, states: Mapping[str, str]) -> None:
        """An instance goes on in other states: what is open about its old ones is open about those."""
        for before, after in states.items():
            if (instance, before) not in self.left and before != after:
                self.renamed[instance, before] = after
            for key in [key for key in self.incidents if key[0] == instance and key[2] == before]:
                row = self.incidents.pop(key)._replace(state=after)
                self.incidents.setdefault((instance, row.kind, after), row)

    def restart(self, instance: int, whole: bool) -> None:
        """Failures are tried again; a state that is overdue stays so, and so does an event which was set aside."""
        self.restarted[instance] = whole
        answered = {"activity-failed", "compensation-failed", *(("loop", "poison") if whole else ())}
        for key in [key for key in self.incidents if key[0] == instance and key[1] in answered]:
            del self.incidents[key]

    def end(self, instance: int, resolution: str) -> None:
        """Nothing about this instance waits for a person any more."""
        self.ended[instance] = resolution
        for key in [key for key in self.incidents if key[0] == instance]:
            del self.incidents[key]
