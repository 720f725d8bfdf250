"""Journals of every release replay to the snapshot which that release stored: its instances go on after an upgrade."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.runtime.migrating import Course
from orchestrator.runtime.verify.replaying import replayed
from orchestrator.statechart.document import parse
from orchestrator.statechart.snapshot import to_json
from orchestrator.statechart.transition import Environment
from tests.runtime.golden_journals import FOLDER, Golden, read

FILES = sorted(FOLDER.glob("*/*.json"))
RELEASES = sorted({path.parent.name for path in FILES})
CONSTRUCTS = {
    *("parallel", "compound", "final", "history", "assign", "raise", "send", "cancel", "log", "choose", "forEach"),
    *("compensate", "tasks", "map", "always", "after", "onDone", "invoke", "retry", "expectedWithin", "output"),
    *("fail", "skip", "escalate", "catch", "shallow", "deep", "late", "idempotencyKey", "result"),
}
KINDS = {"start", "event", "timer", "activity", "command"}
OUTCOMES = {"applied", "ignored", "error"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_journal_of_a_release_replays_to_the_snapshot_of_that_release(path: Path) -> None:
    golden = read(path)
    environment = Environment(instance_id=golden.instance, instance_key=golden.key)
    snapshot = replayed(course(golden.document), golden.journal, environment)
    assert snapshot is not None
    assert json.loads(to_json(snapshot)) == golden.snapshot


@pytest.mark.parametrize("release", RELEASES)
def test_the_journals_of_a_release_use_every_construct(release: str) -> None:
    golden = [read(path) for path in FILES if path.parent.name == release]
    assert {word for one in golden for word in words(one.document)} >= CONSTRUCTS
    rows = [(given.kind, outcome) for one in golden for given, outcome in one.journal]
    assert {kind for kind, _ in rows} == KINDS
    assert {outcome for _, outcome in rows} == OUTCOMES
    assert {one.snapshot["status"] for one in golden} >= {"running", "completed", "failed", "compensated", "cancelled"}


def test_a_row_that_is_missing_leads_elsewhere() -> None:
    """The replay is able to fail."""
    assert sum(differs_without(read(path), 1) for path in FILES) > len(FILES) / 2


def course(document: object) -> Course:
    """A course that never leads to another version."""
    chart = parse(document)
    return Course(lambda version, part: chart, 1, "")


def differs_without(golden: Golden, row: int) -> bool:
    rows = [*golden.journal[:row], *golden.journal[row + 1 :]]
    environment = Environment(instance_id=golden.instance, instance_key=golden.key)
    snapshot = replayed(course(golden.document), rows, environment)
    return snapshot is None or json.loads(to_json(snapshot)) != golden.snapshot


def words(value: object) -> Iterator[str]:
    """All keys and texts of a document."""
    if isinstance(value, dict):
        yield from value
        for held in value.values():
            yield from words(held)
    elif isinstance(value, list):
        for held in value:
            yield from words(held)
    elif isinstance(value, str):
        yield value
