"""The schemas of event types: semantic versions that go with one another, and whether an event fits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import jsonschema_rs
from django.core.exceptions import ValidationError
from django.db import transaction

from orchestrator.choreography import checks
from orchestrator.choreography.compatibility import reasons
from orchestrator.choreography.models import EventType, Topic

SEMVER = re.compile(r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})", re.ASCII)
DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA = 64 * 1024  # characters
MAX_DEPTH = 32
MODES = tuple(mode for mode, _ in EventType.MODES)
PATTERNS = jsonschema_rs.RegexOptions()  # linear time; no backtracking that a pattern could blow up


class RegistryError(Exception):
    """A schema that is not taken: the field, and every reason."""

    def __init__(self, field: str, *found: str) -> None:
        super().__init__("; ".join(found))
        self.field = field
        self.reasons = list(found)


def register(topic: Topic, kind: str, version: str, schema: object, mode: str = "backward") -> tuple[EventType, bool]:
    """Store a version of a schema; the same one again is the same row (False). Raises RegistryError."""
    numbers = _numbers(version)
    checked = checked_schema(schema)
    if mode not in MODES:
        raise RegistryError("compatibility", f"must be one of {', '.join(MODES)}")
    try:
        checks.event_type(kind)
    except ValidationError as error:
        raise RegistryError("type", *error.messages) from None
    with transaction.atomic():
        Topic.objects.select_for_update().get(pk=topic.pk)  # one registration at a time, so that each sees the last
        earlier = list(EventType.objects.filter(topic=topic, type=kind))
        same = next((each for each in earlier if each.version == version), None)
        if same is not None:
            if _canonical(same.schema) != _canonical(checked):
                raise RegistryError("version", f"{version} has another schema already; give this one a new version")
            return same, False
        _refuse_unfit(earlier, numbers, mode, checked)
        return EventType.objects.create(
            topic=topic, type=kind, version=version, schema=checked, compatibility=mode
        ), True


def _refuse_unfit(earlier: list[EventType], numbers: tuple[int, ...], mode: str, schema: Mapping[str, Any]) -> None:
    """Versions ascend, and within a major one every schema goes with those before it."""
    latest = max((_numbers(each.version) for each in earlier), default=None)
    if latest is not None and numbers <= latest:
        shown = ".".join(map(str, latest))
        raise RegistryError("version", f"must be higher than {shown}, the latest one")
    found = [
        f"{each.version}, {reason}"
        for each in earlier
        if _numbers(each.version)[0] == numbers[0]
        for reason in reasons(mode, each.schema, schema)
    ]
    if found:
        raise RegistryError("schema", *found[:20])


def checked_schema(schema: object) -> dict[str, Any]:
    """A schema that can be used: bounded, of the dialect, without references to elsewhere. Raises RegistryError."""
    if not isinstance(schema, dict):
        raise RegistryError("schema", "must be a JSON object")
    try:
        size = len(json.dumps(schema))
    except (TypeError, ValueError, RecursionError):
        raise RegistryError("schema", "must be JSON") from None
    if size > MAX_SCHEMA:
        raise RegistryError("schema", f"is longer than {MAX_SCHEMA} characters")
    if schema.get("$schema", DIALECT) != DIALECT:
        raise RegistryError("schema", f"must be of the dialect {DIALECT}")
    for part in _parts(schema, 0):
        reference = part.get("$ref", "#")
        own = reference == "#" or (isinstance(reference, str) and reference.startswith("#/$defs/"))
        if not own or (part is not schema and "$id" in part):
            raise RegistryError("schema", "may refer to its own parts only, by $ref such as #/$defs/line")
    try:
        _compiled(_canonical(schema))
    except ValueError as error:
        raise RegistryError("schema", f"is no JSON Schema: {error}"[:500]) from None
    return schema


def _parts(value: object, depth: int) -> Iterator[dict[str, Any]]:
    if depth > MAX_DEPTH:
        raise RegistryError("schema", f"is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _parts(inner, depth + 1)


def _numbers(version: str) -> tuple[int, ...]:
    found = SEMVER.fullmatch(version) if isinstance(version, str) else None
    if found is None:
        raise RegistryError("version", "must be a semantic version such as 1.2.0")
    return tuple(map(int, found.groups()))


def _canonical(schema: object) -> str:
    return json.dumps(schema, sort_keys=True)


@lru_cache(maxsize=1_000)
def _compiled(text: str) -> jsonschema_rs.Validator:
    """Formats are notes, as JSON Schema has it by default, and nothing is fetched."""
    return jsonschema_rs.validator_for(text, validate_formats=False, pattern_options=PATTERNS, offline=True)


class Rules:
    """What a batch of events is held against, read once: strict topics and the schemas of their types."""

    def __init__(self, topics: Mapping[str, Topic]) -> None:
        self._topics = topics
        self._schemas: dict[tuple[str, str], dict[int, EventType]] = {}
        for each in EventType.objects.filter(topic__in=topics.values()).select_related("topic").order_by("id"):
            majors = self._schemas.setdefault((each.topic.name, each.type), {})
            majors[_numbers(each.version)[0]] = each  # ids ascend with versions

    def problem(self, topic: str, kind: str, text: str) -> str:
        """Why an event with these data is refused; they must fit the latest version of one of the majors."""
        majors = self._schemas.get((topic, kind))
        if not majors:
            strict = topic in self._topics and self._topics[topic].strict
            return f"the topic {topic} is strict and knows no type {kind}; register its schema" if strict else ""
        try:
            return _unfit(majors, json.loads(text))
        except (ValueError, OverflowError) as error:  # such as half of a surrogate pair
            return f"data cannot be held against a schema: {error}"[:500]


def _unfit(majors: Mapping[int, EventType], data: object) -> str:
    newest = majors[max(majors)]
    if any(_compiled(_canonical(each.schema)).is_valid(data) for each in majors.values()):
        return ""
    error = next(_compiled(_canonical(newest.schema)).iter_errors(data))
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
    return f"data{place} does not fit {newest}: {error.message}"[:500]


def rules_for(names: set[str]) -> Rules:
    """The rules of these topics."""
    return Rules({topic.name: topic for topic in Topic.objects.filter(name__in=names)})
