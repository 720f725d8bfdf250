"""What every kind of target has in common: one function that is given events in order and says what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from orchestrator.choreography.models import Endpoint
from orchestrator.runtime.requests import Published

End = TypeVar("End", bound=Endpoint)


class Unreachable(Exception):
    """The endpoint as a whole cannot be reached; its events wait until it is tried again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event: `again` tries it once more after a while, up to a bound, and then it has `failed`.

    `after` is how many seconds the endpoint asked us to wait until then.
    """

    status: Literal["done", "skipped", "failed", "again"]
    error: str = ""
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """Outcomes by the place of their event; what has none waits. `down` says why the rest was not tried."""

    outcomes: dict[int, Outcome]
    down: str = ""


DONE = Outcome("done")


@dataclass(frozen=True, slots=True)
class Target(Generic[End]):
    """A kind of endpoint that events leave for.

    `most` events are handed over at once; that must take less than the lease of `delivering`. What is done
    `in_transaction` is done once; what is not, at least once. `receive` asks an incoming endpoint for a portion and
    says whether more may wait; it may raise Unreachable.
    """

    model: type[End]
    deliver: Callable[[End, Sequence[Published]], Report]
    most: int
    in_transaction: bool = False
    receive: Callable[[End], bool] | None = None


def one_by_one(events: Sequence[Published], send: Callable[[Published], Outcome]) -> Report:
    """Hand over each event by itself; behind one that must be tried again those of its key wait.

    `send` may raise Unreachable.
    """
    outcomes: dict[int, Outcome] = {}
    held: set[str] = set()
    for place, event in enumerate(events):
        if event.key in held:
            continue
        try:
            outcomes[place] = send(event)
        except Unreachable as error:
            return Report(outcomes, str(error))
        if outcomes[place].status == "again":
            held.add(event.key)
    return Report(outcomes)
