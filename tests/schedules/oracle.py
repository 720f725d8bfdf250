"""The times of a rule found the slow way: minute by minute of real time, looking at what a clock on the wall shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Matches = Callable[[datetime], bool]


def shown(zone: ZoneInfo, first: datetime, minutes: int) -> Iterator[tuple[datetime, datetime]]:
    """Each minute of real time after `first` with what the wall shows then."""
    for count in range(minutes + 1):
        moment = first + MINUTE * count
        yield moment, moment.astimezone(zone).replace(tzinfo=None)


def wall_times(matches: Matches, zone: ZoneInfo, first: datetime, minutes: int) -> list[datetime]:
    """When the wall first shows a wanted minute, or jumps over one."""
    found: list[datetime] = []
    latest: datetime | None = None
    for moment, wall in shown(zone, first - timedelta(days=1), minutes + 1440):
        if latest is None:
            latest = wall
            continue
        while latest < wall:
            latest += MINUTE
            if matches(latest) and moment not in found[-1:]:
                found.append(moment)
    return [moment for moment in found if moment > first]


def elapsed_times(matches: Matches, zone: ZoneInfo, first: datetime, minutes: int) -> list[datetime]:
    """Every minute of real time at which the wall shows a wanted one."""
    return [moment for moment, wall in shown(zone, first, minutes) if moment > first and matches(wall)]


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The hours of a year in which the zone's offset changes."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=count) for count in range(366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour for hour, before, after in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after]
