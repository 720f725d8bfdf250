"""Parsed charts of published versions, kept per process because a version never changes."""

from __future__ import annotations

from functools import lru_cache

from orchestrator.definitions.models import Version
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse

CACHED_CHARTS = 256


@lru_cache(maxsize=CACHED_CHARTS)
def chart_of(version_id: int, part: str = "") -> Chart:
    """The chart of a version, or of a child within it: `part` names the activities that lead to it, each after a `/`.

    Raises Version.DoesNotExist for an unknown id, LookupError for an unknown part.
    """
    if part:
        outer, activity = part.rsplit("/", 1)
        return _child(chart_of(version_id, outer), activity)
    return parse(Version.objects.values_list("document", flat=True).get(pk=version_id))


def _child(chart: Chart, activity: str) -> Chart:
    for state in chart.states.values():
        for found in state.activities:
            if found.id == activity and found.chart is not None:
                return found.chart
    raise LookupError(f"there is no child chart {activity}")
