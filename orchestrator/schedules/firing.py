"""Starting the instances of due times. The start, its record and the step to the next time are one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from orchestrator.runtime import commands
from orchestrator.runtime.commands import CommandError, Started, StartRequest
from orchestrator.schedules import store
from orchestrator.schedules.choosing import caught_up, chosen
from orchestrator.schedules.commands import context_of
from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.models import Backfill, Firing, Schedule
from orchestrator.schedules.recurrence import TICK

MOST_STARTS = 100  # of one schedule in one transaction
MOST_PASSED = 1_000  # times which are passed over in one transaction
REASON = "the next time of its schedule came"


def fire(schedule: Schedule, now: datetime) -> None:
    """Deal with the due times of a locked schedule, at most a portion of them, and move it on."""
    begin = schedule.next_at or now
    portion = MOST_STARTS if schedule.catch_up == "all" else MOST_PASSED
    try:
        due, schedule.next_at = _due(schedule.recurrence.after(begin - TICK), now, portion)
    except RecurrenceError as error:  # such as a zone which the database of zones has lost
        _record([Firing(schedule=schedule, due=begin, outcome="refused", message=error.message)])
        due, schedule.next_at = [], None
    more = schedule.next_at is not None and schedule.next_at <= now
    taken = set(caught_up(schedule.catch_up, due, now, more))
    fired = fired_of(schedule, due)
    _record_missed(schedule, [at for at in due if at not in taken | fired])
    _apply(schedule, [at for at in due if at in taken - fired])
    schedule.save(update_fields=["next_at", "queued_for"])


def _due(times: Iterator[datetime], now: datetime, portion: int) -> tuple[list[datetime], datetime | None]:
    """The times until now, at most a portion, and the one that follows them."""
    due: list[datetime] = []
    for at in times:
        if at > now or len(due) == portion:
            return due, at
        due.append(at)
    return due, None


def fire_queued(schedule: Schedule) -> None:
    """Start the time which waited for a running instance of a locked schedule."""
    if schedule.queued_for:
        start(schedule, [schedule.queued_for])
    schedule.queued_for = None
    schedule.save(update_fields=["queued_for"])


def start(schedule: Schedule, due: Sequence[datetime], backfill: Backfill | None = None) -> list[Firing]:
    """Start an instance for each of these times and record what became of it."""
    requests = [_request(schedule, at) for at in due]
    answers = commands.start_many(requests, actor=f"schedule:{schedule.name}") if requests else []
    firings = [_firing(schedule, at, answer, backfill) for at, answer in zip(due, answers, strict=True)]
    return _record(firings)


def fired_of(schedule: Schedule, times: Sequence[datetime]) -> set[datetime]:
    """Those of the times which have fired before."""
    return set(schedule.firings.filter(due__in=times, outcome__in=Firing.DONE).values_list("due", flat=True))


def _apply(schedule: Schedule, times: Sequence[datetime]) -> None:
    """Let the overlap policy choose what to start."""
    alive = [] if schedule.overlap == "allow" else store.running(schedule)
    choices = chosen(schedule.overlap, times, bool(alive), schedule.queued_for is not None)
    if schedule.overlap == "cancel-old" and times:
        _cancel(schedule, alive)
    start(schedule, [choice.due for choice in choices if choice.action == "start"])
    _record(
        Firing(
            schedule=schedule,
            due=choice.due,
            outcome="queued" if choice.action == "queue" else "skipped",
            message=choice.reason,
        )
        for choice in choices
        if choice.action != "start"
    )
    schedule.queued_for = next((c.due for c in choices if c.action == "queue"), schedule.queued_for)


def _cancel(schedule: Schedule, instances: Sequence[int]) -> None:
    for instance in instances:
        try:
            commands.cancel(instance, REASON, actor=f"schedule:{schedule.name}")
        except CommandError as error:
            if error.code != "finished":
                raise


def _record_missed(schedule: Schedule, missed: Sequence[datetime]) -> None:
    """One line for all of them: after a long stop there may be very many."""
    if missed:
        count = f"{len(missed):,} times were missed" if len(missed) > 1 else "one time was missed"
        first = f", the first at {stamp(missed[0])}" if len(missed) > 1 else ""
        _record([Firing(schedule=schedule, due=missed[-1], outcome="missed", message=count + first)])


def _request(schedule: Schedule, due: datetime) -> StartRequest:
    context = {**context_of(schedule), "scheduledFor": stamp(due)}
    return StartRequest(machine=schedule.machine.slug, key=f"{schedule.name}/{stamp(due)}", context=context)


def _firing(schedule: Schedule, due: datetime, answer: Started | CommandError, backfill: Backfill | None) -> Firing:
    firing = Firing(schedule=schedule, due=due, backfill=backfill)
    if isinstance(answer, CommandError):
        firing.outcome, firing.message = "refused", answer.message[:300]
    else:
        firing.outcome = "started" if answer.created else "existing"
        firing.instance_id = answer.instance
    return firing


def _record(firings: Iterable[Firing]) -> list[Firing]:
    """Write the outcomes; a time that started nothing before takes its new outcome."""
    return Firing.objects.bulk_create(
        firings,
        update_conflicts=True,
        unique_fields=["schedule", "due"],
        update_fields=["outcome", "message", "instance", "backfill", "over"],
    )


def stamp(moment: datetime) -> str:
    """A time as it stands in keys and contexts."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
