"""Where everything lies: DOT out, coordinates in, cached by what determines them, within a time limit."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from time import monotonic

from orchestrator.diagrams.cache import LayoutCache
from orchestrator.diagrams.dot import dot_source
from orchestrator.diagrams.engine import lay_out
from orchestrator.diagrams.errors import LayoutBusy, LayoutFailed
from orchestrator.diagrams.extract import extract
from orchestrator.diagrams.geometry import Drawn, Layout
from orchestrator.diagrams.listing import listing
from orchestrator.diagrams.picture import Detail, Picture
from orchestrator.diagrams.read import read
from orchestrator.statechart.definition import Chart

logger = logging.getLogger(__name__)

SECONDS = 5.0
MOST_ITEMS = 2_500  # boxes and lines; more cannot be laid out in time nor read
REMEMBER_FAILURE = 300.0  # seconds before a chart that was too heavy is tried again

_cache: LayoutCache[Layout] = LayoutCache(entries=256, items=60_000)


def plan(chart: Chart, detail: Detail, seconds: float = SECONDS) -> tuple[Picture, Layout]:
    """The picture and its layout, simplified step by step when the chart is heavy; past the limit a list of states."""
    deadline = monotonic() + seconds
    for drawn, share in _attempts(chart):
        picture = extract(chart, detail, collapsed=drawn == "collapsed")
        if len(picture.boxes) + len(picture.links) > MOST_ITEMS:
            continue
        try:
            return picture, _layout(picture, drawn, (deadline - monotonic()) * share, seconds)
        except LayoutFailed:
            continue
    return listing(chart, detail)


def _attempts(chart: Chart) -> Iterator[tuple[Drawn, float]]:
    """Each way of drawing with its share of the time that is left."""
    yield "full", 0.3
    nested = any(state.children for state in chart.states.values())
    yield "plain", 0.6 if nested else 1.0
    if nested:
        yield "collapsed", 1.0


def _layout(picture: Picture, drawn: Drawn, seconds: float, limit: float) -> Layout:
    dot = dot_source(picture, labels=drawn == "full" and picture.detail != "thumb")
    key = hashlib.sha256(f"{drawn} {dot}".encode()).hexdigest()
    if layout := _cache.get(key):
        return layout
    if _cache.failed(key, limit):
        raise LayoutFailed("it was too heavy a moment ago")
    try:
        layout = _laid_out(dot, max(seconds, 0.05), picture, drawn)
    except LayoutBusy:
        raise
    except LayoutFailed:
        _cache.fail(key, limit, REMEMBER_FAILURE)
        raise
    _cache.put(key, layout)
    return layout


def _laid_out(dot: str, seconds: float, picture: Picture, drawn: Drawn) -> Layout:
    """LayoutFailed as well when the engine does not start or its answer cannot be read: drawing never fails."""
    try:
        layout = read(lay_out(dot, seconds), picture, drawn)
        missing = {box.node for box in picture.boxes.values()} - layout.rects.keys()
    except LayoutFailed:
        raise
    except Exception as error:
        logger.exception("A diagram could not be laid out")
        raise LayoutFailed("the engine did not start or its answer cannot be read") from error
    if missing:
        raise LayoutFailed("the engine left states out")
    return layout
