"""RRULE of RFC 5545, in local time: FREQ from DAILY to YEARLY with its BY parts.

What would let a rule run on without a result (SECONDLY, impossible positions in a day) is refused, and a rule is begun
near the wanted time, so that no rule costs more than a moment.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from orchestrator.schedules.errors import RecurrenceError

DAYS = ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY")  # the parts which choose days
NUMBERS = r"[+-]?\d{1,3}(,[+-]?\d{1,3})*"
PARTS = {
    "FREQ": r"DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,3}",
    "UNTIL": r"\d{8}(T\d{6}Z?)?",
    "BYMONTH": r"([1-9]|1[0-2])(,([1-9]|1[0-2]))*",
    "BYMONTHDAY": NUMBERS,
    "BYYEARDAY": NUMBERS,
    "BYWEEKNO": NUMBERS,
    "BYDAY": r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)(,([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU))*",
    "BYHOUR": r"\d{1,2}(,\d{1,2})*",
    "BYMINUTE": r"\d{1,2}(,\d{1,2})*",
    "BYSECOND": r"\d{1,2}(,\d{1,2})*",
    "BYSETPOS": NUMBERS,
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
}
LONG_ONLY = {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}  # parts for months and years
UNITS = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(days=7)}
MOST_A_DAY = 96
EXAMPLE = "write for example FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9;BYMINUTE=0"


def walls(rule: str, zone: ZoneInfo, first: datetime, after: datetime) -> Iterator[datetime]:
    """Local times of the rule after `after`, counted from `first`. Raises RecurrenceError."""
    parts = _parts(rule)
    begin = _near(parts, first, after)
    if "UNTIL" in parts:
        parts["UNTIL"] = _until(parts["UNTIL"], zone)
    try:
        found = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=begin)
    except ValueError as error:
        raise RecurrenceError("rule", f"“{rule[:60]}” cannot be followed ({error}); {EXAMPLE}") from None
    if not isinstance(found, rrule):
        raise RecurrenceError("rule", f"give one rule; {EXAMPLE}")
    return iter(found.xafter(after))


def counts(rule: str) -> bool:
    """Whether the rule ends after a number of times."""
    return "COUNT" in _parts(rule)


def _parts(rule: str) -> dict[str, str]:
    """The parts of the rule, each in the form which RFC 5545 gives it. Raises RecurrenceError."""
    parts: dict[str, str] = {}
    for text in rule.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = text.partition("=")
        if name not in PARTS or name in parts or not re.fullmatch(PARTS[name], value, re.ASCII):
            raise RecurrenceError("rule", f"“{text[:40]}” cannot be part of a calendar rule; {EXAMPLE}")
        parts[name] = value
    if "FREQ" not in parts:
        raise RecurrenceError("rule", f"the rule does not say FREQ; {EXAMPLE}")
    misplaced = LONG_ONLY & set(parts) | ({"BYDAY"} if re.search(r"\d", parts.get("BYDAY", "")) else set())
    if parts["FREQ"] in UNITS and misplaced:
        raise RecurrenceError("rule", f"{min(misplaced)} as it stands needs FREQ=MONTHLY or YEARLY; change either")
    if math.prod(len(parts.get(name, "").split(",")) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")) > MOST_A_DAY:
        raise RecurrenceError("rule", f"more than {MOST_A_DAY} times a day; use a cron rule or an interval")
    return parts


def _until(text: str, zone: ZoneInfo) -> str:
    """In local time: with a Z it is in UTC, and a date lasts to its end."""
    try:
        if text.endswith("Z"):
            moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return moment.astimezone(zone).strftime("%Y%m%dT%H%M%S")
        return text if "T" in text else f"{datetime.strptime(text, '%Y%m%d'):%Y%m%d}T235959"
    except (ValueError, OverflowError):
        raise RecurrenceError("rule", f"UNTIL={text} is no time; write for example UNTIL=20271231") from None


def _near(parts: dict[str, str], first: datetime, after: datetime) -> datetime:
    """A beginning shortly before `after` which gives the same times as `first` from there on."""
    every, frequency = int(parts.get("INTERVAL", "1")), parts["FREQ"]
    if "COUNT" in parts:
        return first
    if frequency in UNITS:
        step = UNITS[frequency] * every
        return first + max(0, (after - first) // step - 1) * step
    if not any(name in parts for name in DAYS):
        return first  # the day comes from `first`, so that there are few times to go through
    months = every if frequency == "MONTHLY" else every * 12
    passed = (after.year - first.year) * 12 + after.month - first.month
    skipped = (passed // months - 1) * months
    if skipped <= 0:
        return first
    year, month = divmod(first.year * 12 + first.month - 1 + skipped, 12)
    return first.replace(year=year, month=month + 1 if frequency == "MONTHLY" else 1, day=1)
