"""I3: where the journal leads is where the instance stands."""

from __future__ import annotations

import json
from collections.abc import Iterator

from orchestrator.runtime.verify.report import Problem
from orchestrator.runtime.verify.stories import Story
from orchestrator.statechart.snapshot import to_json


def broken(story: Story) -> Iterator[Problem]:
    if story.failure:
        yield Problem("I3", story.row.id, f"its journal cannot be replayed: {story.failure}")
    elif story.snapshot is not None and json.loads(to_json(story.snapshot)) != _stored(story.row.snapshot):
        yield Problem("I3", story.row.id, f"replaying its {story.row.seq} journal rows does not give its snapshot")


def _stored(text: str) -> object:
    """The stored value; a damaged one equals nothing."""
    try:
        return json.loads(text)
    except ValueError:
        return None
