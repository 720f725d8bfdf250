"""Durations as ISO 8601 text, and as people say them."""

from __future__ import annotations

import re

LONGEST = 100 * 366 * 86_400.0  # seconds; longer ones cannot be added to a date
PATTERN = re.compile(
    r"P(?=\d|T\d)(?:(?P<w>\d+(?:\.\d+)?)W)?(?:(?P<d>\d+(?:\.\d+)?)D)?"
    r"(?:T(?=\d)(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
NAMES = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
TWO_DAYS = 172_800


def parse_duration(text: str) -> float:
    """Seconds of an ISO 8601 duration of weeks, days, hours, minutes and seconds.

    Years and months are refused, because their length depends on the date. Raises ValueError with the mend.
    """
    found = PATTERN.fullmatch(text) if len(text) <= 60 else None
    if not found:
        raise ValueError(f"“{text[:40]}” is not a duration; write for example PT30M, PT48H or P2D")
    seconds = sum(float(amount) * SECONDS[unit] for unit, amount in found.groupdict().items() if amount)
    if seconds > LONGEST:
        raise ValueError(f"“{text[:40]}” is longer than 100 years; shorten it")
    return seconds


def humanise(seconds: float) -> str:
    """Seconds in at most two units, such as 45 s, 6 h 12 min, 48 h or 9 days; hours count up to two days."""
    if 0 < seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    left = round(seconds)
    if (left >= TWO_DAYS and left % 86_400 == 0) or left >= 10 * 86_400:
        return f"{left // 86_400:,} days"
    units = NAMES if left > TWO_DAYS else NAMES[1:]
    parts: list[str] = []
    for size, name in units:
        amount, left = divmod(left, size)
        if amount:
            parts.append(f"{amount} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
