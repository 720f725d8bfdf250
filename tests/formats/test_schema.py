"""The published JSON Schema says what the parser says."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from designer.gallery.load import GalleryEntry, gallery_entries
from orchestrator.formats.schema import schema
from orchestrator.statechart import document, document_actions, document_activities, document_ways
from orchestrator.statechart.document import DocumentError, dump, parse
from tests.formats.charts import seeded

PUBLISHED = Path(__file__).parents[2] / "static" / "schema" / "signalbox-1.json"
VALIDATOR = Draft202012Validator(schema())
Document = dict[str, Any]


def test_the_published_file_is_the_schema() -> None:
    assert json.loads(PUBLISHED.read_text()) == schema()
    assert meta.is_valid(schema())


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("chart", document.CHART_KEYS),
        ("state", document.STATE_KEYS),
        ("silence", document.SILENCE_KEYS),
        ("way", document_ways.WAY_KEYS),
        ("on", document_ways.WAY_KEYS | {"event"}),
        ("after", document_ways.WAY_KEYS | {"delay"}),
        ("activity", document_activities.ACTIVITY_KEYS),
        ("task", document_activities.TASK_KEYS | {"after"}),
        ("retry", document_activities.RETRY_KEYS),
        ("compensation", document_activities.UNDO_KEYS),
        ("map", document_activities.MAP_KEYS),
        ("branch", document_actions.BRANCH_KEYS),
    ],
)
def test_the_schema_has_the_keys_of_the_parser(name: str, keys: frozenset[str]) -> None:
    assert set(schema()["$defs"][name]["properties"]) == keys


def test_the_schema_has_the_actions_of_the_parser() -> None:
    found = {one["properties"]["type"]["const"]: set(one["properties"]) for one in schema()["$defs"]["action"]["oneOf"]}
    assert found == {name: {*keys, "type"} for name, (keys, _) in document_actions.ACTIONS.items()}


@pytest.mark.parametrize("entry", gallery_entries(), ids=lambda entry: entry.slug)
def test_gallery_charts_fit_the_schema(entry: GalleryEntry) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(entry.document)] == []


def test_random_charts_fit_the_schema() -> None:
    for seed in range(300):
        made = dump(parse(seeded(seed)))
        assert [error.message for error in VALIDATOR.iter_errors(made)] == [], seed


def test_what_the_schema_refuses_the_parser_refuses_too() -> None:
    dice, refused = Random(3), 0
    for seed in range(400):
        made = spoilt(dump(parse(seeded(seed))), dice)
        if VALIDATOR.is_valid(made):
            continue
        refused += 1
        with pytest.raises(DocumentError):
            parse(made)
    assert refused > 100


def spoilt(made: Document, dice: Random) -> Document:
    """One key somewhere is unknown, or one value is a number below what any key takes."""
    made = copy.deepcopy(made)
    places = [(holder, key) for holder in _objects(made) for key in holder]
    holder, key = dice.choice(places)
    if dice.random() < 0.5:
        holder[f"{key}X"] = holder.pop(key)
    else:
        holder[key] = -5
    return made


def _objects(value: Any) -> list[Document]:
    """The objects whose keys the format fixes."""
    free = ("context", "meta", "input", "data", "output", "contextSchema", "states", "tasks")
    if isinstance(value, list):
        return [found for item in value for found in _objects(item)]
    if not isinstance(value, dict):
        return []
    inner = [item for key, item in value.items() if key not in free]
    inner += [state for key in ("states", "tasks") for state in value.get(key, {}).values()]
    return [value, *(found for item in inner for found in _objects(item))]
