"""When a schedule fires: the times of a cron, interval or calendar rule in a time zone.

Pure: no Django, no clock. A rule names wall-clock times, and each of them is one moment: one that a change of clocks
leaves out is the moment right after the gap, one that occurs twice is the first of the two. Two kinds of rule follow
elapsed time instead, because nobody who writes them means the face of the clock: intervals, and cron rules whose hour
is `*`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import dropwhile, groupby, takewhile
from typing import Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from orchestrator.schedules import calendar_rule
from orchestrator.schedules.errors import RecurrenceError
from orchestrator.statechart.durations import humanise, parse_duration

Kind = Literal["cron", "interval", "calendar"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST_RULE = 300  # characters
SHORTEST_INTERVAL = 10  # seconds
ORIGIN = datetime(2000, 1, 1)  # local time from which rules without a start are counted
LATEST_START = datetime(2200, 1, 1, tzinfo=UTC)
HORIZON = timedelta(days=50 * 366)  # no rule is followed further
LONGEST_REPEAT = timedelta(hours=6)  # no zone has set its clocks back by more since 2000
TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
CRON_MEND = "write five fields: minute, hour, day of month, month, day of week, such as 30 2 * * MON-FRI"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A rule in a time zone. `start` is the first possible time, and what an interval and a calendar count from."""

    kind: Kind
    rule: str
    zone: str = "UTC"
    start: datetime | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times after `moment`, ascending, in UTC, as far as the horizon. Raises RecurrenceError."""
        begin = moment if self.start is None else max(moment, self.start - TICK)
        limit = begin + HORIZON
        times = dropwhile(lambda at: at <= begin, self._times(begin))
        return takewhile(lambda at: at <= limit, times)

    def between(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The times from `first` to `last`, both included. Raises RecurrenceError."""
        return takewhile(lambda at: at <= last, self.after(first - TICK))

    def words(self) -> str:
        """The rule as people say it."""
        if self.kind == "interval":
            return f"Every {humanise(parse_duration(self.rule))}"
        return _cron(self.rule, ORIGIN).explain() if self.kind == "cron" else self.rule

    def _times(self, begin: datetime) -> Iterator[datetime]:
        """Times from about `begin` on; a few may lie before it."""
        zone = zone_of(self.zone)
        anchor = resolve(ORIGIN, zone) if self.start is None else self.start
        local = begin.astimezone(zone).replace(tzinfo=None)
        if self.kind == "interval":
            return _every(_step(self.rule), anchor, begin)
        if self.kind == "calendar":
            first = anchor.astimezone(zone).replace(tzinfo=None)
            return _moments(calendar_rule.walls(self.rule, zone, first, local), zone)
        if self.rule.split()[1:2] == ["*"]:
            return _all_moments(_cron(self.rule, local - LONGEST_REPEAT), zone)
        return _moments(_cron(self.rule, local), zone)


def check(recurrence: Recurrence, now: datetime) -> datetime:
    """The next time after `now`. Raises RecurrenceError when the rule cannot be read or never comes again."""
    if recurrence.kind not in KINDS:
        raise RecurrenceError("kind", f"“{recurrence.kind:.20}” is no kind of rule; choose {', '.join(KINDS)}")
    if len(recurrence.rule) > LONGEST_RULE:
        raise RecurrenceError("rule", f"the rule has {len(recurrence.rule)} characters; shorten it to {LONGEST_RULE}")
    zone = zone_of(recurrence.zone)
    if recurrence.start and not resolve(ORIGIN, zone) <= recurrence.start <= LATEST_START:
        raise RecurrenceError("startsAt", "the start must lie between the years 2000 and 2200")
    if recurrence.kind == "calendar" and calendar_rule.counts(recurrence.rule) and not recurrence.start:
        raise RecurrenceError("startsAt", "a rule with COUNT counts from its start; give one")
    following = next(recurrence.after(now), None)
    if following is None:
        raise RecurrenceError("rule", "the rule gives no time in the next 50 years; change it")
    return following


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment in UTC of a local time: the first of two, or the end of the gap that it lies in."""
    early, late = _both(wall, zone)
    if early <= late:
        return early
    before, after = late, early
    offset = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // SECOND // 2 * SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def zone_of(name: str) -> ZoneInfo:
    """Raises RecurrenceError unless it is the name of a zone in the IANA database."""
    if name not in _zones():
        raise RecurrenceError("zone", f"“{name[:60]}” is no time zone; write for example UTC or Europe/Berlin")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_names() -> list[str]:
    """All zones, for a list to choose from."""
    return sorted(_zones())


def _moments(walls: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Local times as moments; those which share a gap are one."""
    return (moment for moment, _ in groupby(resolve(wall, zone) for wall in walls))


def _both(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A local time read with the offset before and after a change of clocks; in a gap the first is the later one."""
    return (
        wall.replace(tzinfo=zone, fold=0).astimezone(UTC),
        wall.replace(tzinfo=zone, fold=1).astimezone(UTC),
    )


def _all_moments(walls: Iterator[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """Each moment at which the wall shows one of the local times: both of those which occur twice, none in a gap."""
    repeated: deque[datetime] = deque()
    for wall in walls:
        early, late = _both(wall, zone)
        while repeated and repeated[0] < early:
            yield repeated.popleft()
        if early <= late:
            yield early
        if early < late:
            repeated.append(late)


def _cron(rule: str, begin: datetime) -> CronSim:
    if len(rule.split()) != 5:
        raise RecurrenceError("rule", f"“{rule[:60]}” is no cron rule; {CRON_MEND}")
    try:
        return CronSim(rule, begin)
    except CronSimError as error:
        raise RecurrenceError("rule", f"{str(error).lower()} in “{rule[:60]}”; {CRON_MEND}") from None


def _step(rule: str) -> timedelta:
    try:
        seconds = parse_duration(rule)
    except ValueError as error:
        raise RecurrenceError("rule", str(error)) from None
    if seconds < SHORTEST_INTERVAL or seconds != int(seconds):
        raise RecurrenceError("rule", f"an interval is a number of whole seconds, at least {SHORTEST_INTERVAL}")
    return timedelta(seconds=seconds)


def _every(step: timedelta, anchor: datetime, begin: datetime) -> Iterator[datetime]:
    at = anchor + max(0, (begin - anchor) // step) * step
    while True:
        yield at
        at += step
