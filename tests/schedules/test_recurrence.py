"""The times of rules: against an oracle over all zones, and by hand where the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.recurrence import Kind, Recurrence, check, resolve, zone_names
from tests.schedules.oracle import changes, elapsed_times, wall_times

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 3
DAY_NAMES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
CLOCK_CHANGERS = [
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",  # at midnight
    "America/Sao_Paulo",  # at midnight, until 2019
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # left out a day in 2011
    "Africa/Casablanca",  # twice more in Ramadan
    "Asia/Kathmandu",
    "Asia/Gaza",
]
zones = st.one_of(st.sampled_from(CLOCK_CHANGERS), st.sampled_from(zone_names()))
minutes_of = st.sets(st.integers(0, 59), min_size=1, max_size=3)
days_of = st.sets(st.integers(0, 6), max_size=6)


@st.composite
def beginnings(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, set[int]]:
    """A zone, a moment mostly shortly before the clocks change there, and hours of which some are about that change."""
    zone = ZoneInfo(draw(zones))
    year = draw(st.integers(2001, 2037))
    change = draw(st.sampled_from(changes(zone, year) or [datetime(year, 6, 1, tzinfo=UTC)]))
    hour = change.astimezone(zone).hour
    hours = draw(st.sets(st.sampled_from([(hour + near) % 24 for near in (-2, -1, 0, 1, 12)]), min_size=1))
    return zone, change - timedelta(minutes=draw(st.integers(0, 1440))), hours


def listed(numbers: set[int]) -> str:
    return ",".join(str(number) for number in sorted(numbers))


def times(recurrence: Recurrence, first: datetime) -> list[datetime]:
    last = first + timedelta(days=DAYS)
    return [at for at in recurrence.between(first, last) if at > first]


@settings(max_examples=70, deadline=None)
@given(beginnings(), minutes_of, days_of)
def test_a_rule_with_hours_fires_as_the_wall_shows(
    where: tuple[ZoneInfo, datetime, set[int]], minutes: set[int], days: set[int]
) -> None:
    zone, first, hours = where

    def matches(wall: datetime) -> bool:
        return wall.minute in minutes and wall.hour in hours and (not days or wall.weekday() in days)

    wanted = wall_times(matches, zone, first, DAYS * 1440)
    weekdays = listed({(day + 1) % 7 for day in days}) or "*"
    cron = Recurrence("cron", f"{listed(minutes)} {listed(hours)} * * {weekdays}", zone.key)
    assert times(cron, first) == wanted
    by_day = f";BYDAY={','.join(DAY_NAMES[day] for day in sorted(days))}" if days else ""
    for frequency in ("DAILY", "WEEKLY;WKST=SU", "MONTHLY;BYMONTHDAY=" + listed(set(range(1, 32)))):
        if not days and "WEEKLY" in frequency:
            continue  # the day would come from the start
        rule = f"FREQ={frequency};BYHOUR={listed(hours)};BYMINUTE={listed(minutes)}{by_day}"
        assert times(Recurrence("calendar", rule, zone.key), first) == wanted


@settings(max_examples=70, deadline=None)
@given(beginnings(), minutes_of)
def test_a_rule_for_every_hour_follows_elapsed_time(
    where: tuple[ZoneInfo, datetime, set[int]], minutes: set[int]
) -> None:
    zone, first, _ = where
    wanted = elapsed_times(lambda wall: wall.minute in minutes, zone, first, DAYS * 1440)
    assert times(Recurrence("cron", f"{listed(minutes)} * * * *", zone.key), first) == wanted


@settings(max_examples=70, deadline=None)
@given(zones, st.integers(10, 10**6), st.datetimes(datetime(2001, 1, 1), datetime(2199, 1, 1)), st.booleans())
def test_an_interval_is_the_same_length_everywhere(zone: str, seconds: int, begin: datetime, started: bool) -> None:
    first = begin.replace(microsecond=0, tzinfo=UTC)
    start = first - timedelta(days=3) if started else None
    found = list(islice(Recurrence("interval", f"PT{seconds}S", zone, start).after(first), 5))
    assert {after - before for before, after in pairwise(found)} == {timedelta(seconds=seconds)}
    assert first < found[0] <= first + timedelta(seconds=seconds)
    anchor = start or resolve(datetime(2000, 1, 1), ZoneInfo(zone))
    assert (found[0] - anchor) % timedelta(seconds=seconds) == timedelta()


@settings(max_examples=70, deadline=None)
@given(beginnings(), st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), st.integers(1, 5), st.booleans())
def test_a_calendar_rule_counts_its_interval_from_its_start(
    where: tuple[ZoneInfo, datetime, set[int]], frequency: str, every: int, days: bool
) -> None:
    zone, first, _ = where
    start = first - timedelta(days=1500)
    parts = ";BYDAY=TU" if days else ""
    rule = Recurrence("calendar", f"FREQ={frequency};INTERVAL={every}{parts};BYHOUR=12;BYMINUTE=0", zone.key, start)
    from_start = [at for at in rule.between(start, first + timedelta(days=3000)) if at > first]
    assert list(rule.between(first + timedelta(microseconds=1), first + timedelta(days=3000))) == from_start


@pytest.mark.parametrize(
    ("kind", "rule"),
    [("cron", "30 2 * * *"), ("cron", "*/30 2 * * *"), ("calendar", "FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30")],
)
def test_a_time_in_the_gap_fires_once_right_after_it(kind: Kind, rule: str) -> None:
    day = Recurrence(kind, rule, "Europe/Berlin").between(
        datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 21, tzinfo=UTC)
    )
    assert list(day) == [datetime(2026, 3, 29, 1, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("kind", "rule"), [("cron", "30 2 * * *"), ("calendar", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30")]
)
def test_a_time_that_occurs_twice_fires_at_its_first(kind: Kind, rule: str) -> None:
    day = Recurrence(kind, rule, "Europe/Berlin").between(
        datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 22, tzinfo=UTC)
    )
    assert list(day) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]


def test_a_day_that_a_zone_left_out_fires_when_the_next_begins() -> None:
    found = islice(Recurrence("cron", "0 9 * * *", "Pacific/Apia").after(datetime(2011, 12, 29, 12, tzinfo=UTC)), 3)
    assert [at.astimezone(ZoneInfo("Pacific/Apia")).strftime("%d %H:%M") for at in found] == [
        "29 09:00",
        "31 00:00",
        "31 09:00",
    ]


def test_the_last_friday_of_the_month_and_an_end_in_utc() -> None:
    rule = "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;UNTIL=20260529T070000Z"
    found = Recurrence("calendar", rule, "Europe/Berlin").after(NOW)
    assert [f"{at:%m-%d %H:%M}" for at in found] == ["03-27 08:00", "04-24 07:00", "05-29 07:00"]


def test_nothing_fires_before_the_start_and_a_count_ends() -> None:
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert next(Recurrence("cron", "0 * * * *", "UTC", start).after(NOW)) == start
    counted = Recurrence("calendar", "FREQ=DAILY;COUNT=3", "UTC", start)
    assert [at.day for at in counted.after(NOW)] == [1, 2, 3]


def test_rules_are_told_in_words() -> None:
    assert Recurrence("cron", "30 2 * * *").words() == "At 02:30 every day"
    assert Recurrence("interval", "PT6H").words() == "Every 6 h"


@pytest.mark.parametrize(
    ("kind", "rule", "zone", "field"),
    [
        ("cron", "61 * * * *", "UTC", "rule"),
        ("cron", "* * * *", "UTC", "rule"),
        ("cron", "* * * * * *", "UTC", "rule"),
        ("cron", "0 0 31 2 *", "UTC", "rule"),
        ("cron", "0 0 * * *" + " " * 400, "UTC", "rule"),
        ("cron", "0 0 * * *", "Europe/Atlantis", "zone"),
        ("cron", "0 0 * * *", "../../etc/passwd", "zone"),
        ("weekly", "0 0 * * *", "UTC", "kind"),
        ("interval", "PT9S", "UTC", "rule"),
        ("interval", "PT90.5S", "UTC", "rule"),
        ("interval", "an hour", "UTC", "rule"),
        ("calendar", "FREQ=SECONDLY", "UTC", "rule"),
        ("calendar", "BYHOUR=9", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;BYHOUR=99", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;INTERVAL=0", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;BYMONTH=13", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;FREQ=DAILY", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;BYMONTHDAY=30", "UTC", "rule"),
        ("calendar", "FREQ=WEEKLY;BYDAY=1MO", "UTC", "rule"),
        ("calendar", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;UNTIL=20261345", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;UNTIL=20200101", "UTC", "rule"),
        ("calendar", f"FREQ=DAILY;BYMINUTE={listed(set(range(60)))};BYHOUR=1,2", "UTC", "rule"),
        ("calendar", "FREQ=DAILY;COUNT=3", "UTC", "startsAt"),
    ],
)
def test_a_wrong_rule_names_its_field(kind: Kind, rule: str, zone: str, field: str) -> None:
    with pytest.raises(RecurrenceError) as refused:
        check(Recurrence(kind, rule, zone), NOW)
    assert refused.value.field == field


@pytest.mark.parametrize("year", [1999, 2201])
def test_a_start_of_long_ago_or_far_away_is_refused(year: int) -> None:
    with pytest.raises(RecurrenceError, match="2000 and 2200"):
        check(Recurrence("interval", "PT1H", "UTC", datetime(year, 1, 1, tzinfo=UTC)), NOW)


PIECES = [
    *("FREQ=", "DAILY", "YEARLY", "MONTHLY", ";", "BYDAY=", "0MO", "-1FR", "BYMONTHDAY=", "0", "-99", "32", ",", "/"),
    *("*", " ", "L", "#", "-", "MON", "BYWEEKNO=", "BYYEARDAY=", "367", "BYSETPOS=", "COUNT=", "UNTIL=", "00000000"),
    *("P", "T", "1", "S", "²", "LW", "\0"),
]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["cron", "interval", "calendar"]), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_a_rule_or_refused(kind: Kind, rule: str) -> None:
    for text in (rule, f"FREQ=YEARLY;{rule}", f"0 0 {rule}"):
        try:
            following = check(Recurrence(kind, text), NOW)
        except RecurrenceError:
            continue
        assert following > NOW
