"""The picture beside the login form: a template of the gallery in the middle of a run."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString, mark_safe

from designer.gallery.load import gallery_entries
from orchestrator.diagrams.render import Overlay, render_svg
from orchestrator.statechart.definition import Chart, State, Transition
from orchestrator.statechart.document import DocumentError, parse

register = template.Library()
SHOWN = "order-fulfilment"
STEPS = 3


@register.simple_tag
def login_art() -> SafeString:
    return _art()


@lru_cache(maxsize=1)
def _art() -> SafeString:
    """The drawing, or nothing when it cannot be drawn: the login page must always come."""
    documents = {slug: document for slug, _, _, document in gallery_entries()}
    if not documents:
        return mark_safe("")
    try:
        chart = parse(documents.get(SHOWN, next(iter(documents.values()))))
        drawn = render_svg(chart, _run(chart), "compact", title=chart.title)
    except DocumentError:
        drawn = ""
    return mark_safe(drawn)  # noqa: S308 the renderer escapes every text


def _run(chart: Chart) -> Overlay:
    """A few states visited along a good way, the last of them active, as are the states around it."""
    classes: dict[str, str] = {}
    key = chart.initial.first if chart.initial else ""
    left = STEPS
    while state := chart.states.get(key):
        left -= state.type == "atomic"
        way = _good_way(state)
        if left == 0 or not (state.initial or way):
            classes[key] = "is-active"
            break
        classes[key] = "is-visited"
        if state.initial:
            key = state.initial.first
        elif way:
            classes[way.ref] = "is-taken"
            key = way.targets[0]
    for parent in _around(chart, key):
        classes[parent] = "is-active"
    return Overlay(classes=classes, quiet="sb-run")


def _good_way(state: State) -> Transition | None:
    """The first way out by an event or a result rather than a timeout or a failure."""
    return next(
        (way for way in state.transitions if way.targets and way.kind in ("activity-done", "on", "always")), None
    )


def _around(chart: Chart, key: str) -> list[str]:
    parents = []
    while (state := chart.states.get(key)) and state.parent:
        key = state.parent
        parents.append(key)
    return parents
