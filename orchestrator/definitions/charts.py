"""Parsed charts of published versions, kept per process because a version never changes."""

from __future__ import annotations

from functools import lru_cache

from orchestrator.definitions.models import Version
from orchestrator.statechart.definition import Chart
from orchestrator.statechart.document import parse

CACHED_CHARTS = 256


@lru_cache(maxsize=CACHED_CHARTS)
def chart_of(version_id: int) -> Chart:
    """The chart of a version. Raises Version.DoesNotExist for an unknown id."""
    return parse(Version.objects.values_list("document", flat=True).get(pk=version_id))
