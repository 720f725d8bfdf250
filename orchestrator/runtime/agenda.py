"""What time will bring to the instances of a batch: each input takes event time on, and timers on the way fire first.

A timer that is due before an event happened fires before that event is applied, whenever the two arrive: so a history
that is replayed or delivered late gives what it would have given live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from orchestrator.runtime.inputs import Input
from orchestrator.runtime.live import Live
from orchestrator.runtime.writes import TimerWrite

UNSTORED = 2**62  # ids of timers which this batch set: they come after those that are stored


class Pending(NamedTuple):
    """A timer that has not fired; `claimed` says that its time has come and its row is gone from the table."""

    due: datetime
    id: int
    instance: int
    ref: str
    event: str
    data: str
    since: datetime
    target: str
    hops: int
    claimed: bool

    def fired(self, clock: datetime) -> Input:
        """The input that it becomes; the instance's clock never goes back."""
        when = max(self.due, clock)
        known = self.id if self.id < UNSTORED else 0
        return Input(known, self.instance, "timer", self.event, self.data, self.ref, "system", when, 0, self.hops)


class Agenda:
    """The pending timers of the instances of a batch; of those in `whole` all are known."""

    def __init__(self, timers: Iterable[Pending] = (), whole: Iterable[int] = ()) -> None:
        self._timers: dict[int, dict[str, Pending]] = {}
        self.whole = set(whole)
        self._number = UNSTORED
        for timer in timers:
            self._timers.setdefault(timer.instance, {}).setdefault(timer.ref, timer)

    def next(self, instance: int, before: datetime) -> Pending | None:
        """Take out the first timer of an instance that is due before this moment."""
        timers = self._timers.get(instance)
        if not timers:
            return None
        first = min(timers.values())
        return timers.pop(first.ref) if first.due < before else None

    def claimed(self) -> list[Pending]:
        """Timers whose time has come, in the order of time."""
        return sorted(timer for timers in self._timers.values() for timer in timers.values() if timer.claimed)

    def take(self, timer: Pending) -> bool:
        """Take out this very timer; False when it has fired, was cancelled or was set anew meanwhile."""
        timers = self._timers.get(timer.instance, {})
        if timers.get(timer.ref) is not timer:
            return False
        del timers[timer.ref]
        return True

    def set(self, live: Live, write: TimerWrite) -> None:
        self._number += 1
        timer = Pending(
            write.due,
            self._number,
            live.id,
            write.ref,
            write.event,
            write.data,
            write.since,
            write.target,
            write.hops,
            claimed=False,
        )
        self._timers.setdefault(live.id, {})[write.ref] = timer
        live.next_due = write.due if live.next_due is None else min(live.next_due, write.due)

    def cancel(self, instance: int, ref: str) -> None:
        timers = self._timers.get(instance)
        if timers:
            timers.pop(ref, None)

    def settle(self, live: Live) -> None:
        """Tell the instance when its first timer is due, as far as that is known."""
        if live.id in self.whole:
            live.next_due = min((timer.due for timer in self._timers.get(live.id, {}).values()), default=None)


def reached(inputs: Iterable[Input], timers: Iterable[Pending]) -> Iterator[tuple[int, datetime]]:
    """Up to which moment the inputs and claimed timers of a batch take each instance."""
    latest: dict[int, datetime] = {}
    for instance, moment in [
        *((given.instance, given.occurred_at) for given in inputs),
        *((timer.instance, timer.due) for timer in timers),
    ]:
        known = latest.get(instance)
        if known is None or known < moment:
            latest[instance] = moment
    yield from latest.items()
