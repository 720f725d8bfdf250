"""Words for numbers, times and statuses on the operations pages."""

from __future__ import annotations

import json
from datetime import datetime

from django import template
from django.utils import timezone

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.durations import humanise

STATUS_BADGES = {
    "running": "info",
    "suspended": "warn",
    "completed": "ok",
    "failed": "bad",
    "compensating": "comp",
    "compensated": "comp",
    "cancelled": "",
}
TROUBLE = {
    "overdue": "Beyond its expected time",
    "activity-failed": "Activity out of attempts",
    "compensation-failed": "Undoing failed",
    "loop": "Loop stopped",
    "poison": "Input set aside",
    "history": "Long history",
    "history-full": "History full",
}

register = template.Library()


@register.filter
def number(value: float) -> str:
    """12481 -> 12,481; rates keep one decimal below 100."""
    return f"{value:,.1f}" if isinstance(value, float) and value < 100 else f"{value:,.0f}"


@register.filter
def waited(since: datetime | None) -> str:
    """How long ago this was, e.g. `6 h 12 min`; `under a minute` at first, so that a live page does not flicker."""
    if since is None:
        return ""
    seconds = (timezone.now() - since).total_seconds()
    return "under a minute" if seconds < 60 else humanise(seconds // 60 * 60)


@register.filter
def moment(at: datetime | None) -> str:
    """A time as people say it: the year only when it is not this one."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    year = "" if local.year == timezone.localtime().year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


@register.filter
def day(at: datetime | None) -> str:
    """The day with its weekday and year, e.g. `Thu 8 Mar 2012`."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return f"{local:%a} {local.day} {local:%b %Y}"


@register.filter
def compact(value: JSON) -> str:
    """JSON as one line that people can read: `done 40, of 100`; a text stays as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    return json.dumps(value, ensure_ascii=False)


@register.filter
def status_badge(status: str) -> str:
    return STATUS_BADGES.get(status, "")


@register.filter
def trouble(kind: str) -> str:
    """What kind of incident this is, in words."""
    return TROUBLE.get(kind, kind.replace("-", " ").capitalize())


@register.filter
def plural(count: int, words: str) -> str:
    """`3|plural:"instance,instances"` -> 3 instances."""
    one, many = words.split(",")
    return f"{count:,} {one if count == 1 else many}"
