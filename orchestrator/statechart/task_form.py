"""The small form of a human task: which fields it has, and whether an answer fits them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from orchestrator.statechart.definition import JSON
from orchestrator.statechart.reading import readable

FieldType = Literal["text", "number", "boolean", "date", "choice"]
TYPES: tuple[str, ...] = get_args(FieldType)
KEYS = frozenset({"name", "label", "type", "required", "options", "default"})
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}", re.ASCII)
ANSWERED_BY = "answeredBy"  # the key of a result which says who gave it
MAX_FIELDS = 30
MAX_OPTIONS = 100
MAX_LABEL = 200
MAX_ANSWER = 10_000  # characters of one text
LARGEST = 2**53  # numbers beyond it lose digits on their way through JSON


class FormError(Exception):
    """A form that cannot be shown; the text names the field and the mend."""


class AnswerError(Exception):
    """An answer that does not fit the form. `field` is its name there, the text says the mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `default` is what the form shows at first."""

    name: str
    label: str
    type: str
    required: bool
    options: tuple[str, ...] = ()
    default: JSON = None


def read_form(value: JSON, drawn: bool = False) -> tuple[Field, ...]:
    """The fields of `input.form`; in a chart that is `drawn` only, `${...}` may stand for any value.

    Raises FormError.
    """
    if value is None or (drawn and _computed(value)):
        return ()
    if not isinstance(value, list):
        raise FormError("form must be a list of fields")
    if len(value) > MAX_FIELDS:
        raise FormError(f"form has {len(value)} fields; ask for at most {MAX_FIELDS}")
    fields = tuple(_field(item, at, drawn) for at, item in enumerate(value, start=1))
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise FormError(f"two fields are called “{field.name}”; give one another name")
        seen.add(field.name)
    return fields


def _computed(value: JSON) -> bool:
    return isinstance(value, str) and "${" in value


def _field(node: JSON, at: int, drawn: bool) -> Field:
    if not isinstance(node, Mapping):
        raise FormError(f'field {at} must be an object such as {{"name": "approved", "type": "boolean"}}')
    name = node.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name) or name == ANSWERED_BY:
        raise FormError(f"field {at} needs a name of letters, digits and “_” that is not {ANSWERED_BY}")
    strange = sorted(str(key) for key in node if key not in KEYS)
    if strange:
        raise FormError(f"the field “{name}” has no “{strange[0][:80]}”; its keys are {', '.join(sorted(KEYS))}")
    kind = node.get("type", "text")
    if kind not in TYPES:
        raise FormError(f"the type of “{name}” must be one of {', '.join(TYPES)}")
    required = node.get("required", False)
    if not isinstance(required, bool):
        raise FormError(f"“required” of “{name}” must be true or false")
    field = Field(name, _label(node, name), str(kind), required, _options(node, name, str(kind), drawn))
    return _with_default(field, node.get("default"), drawn)


def _label(node: Mapping[str, JSON], name: str) -> str:
    label = node.get("label") or readable(name)
    if not isinstance(label, str) or len(label) > MAX_LABEL or not label.isprintable():
        raise FormError(f"the label of “{name}” must be one line of at most {MAX_LABEL} characters")
    return label


def _options(node: Mapping[str, JSON], name: str, kind: str, drawn: bool) -> tuple[str, ...]:
    given = node.get("options")
    if kind != "choice":
        if given:
            raise FormError(f"“{name}” is no choice, so it has no options; make its type choice or remove them")
        return ()
    if drawn and given is not None and _computed(given):
        return ()
    if not isinstance(given, list) or not 0 < len(given) <= MAX_OPTIONS:
        raise FormError(f"the choice “{name}” needs a list of 1 to {MAX_OPTIONS} options")
    if not all(isinstance(option, str) and 0 < len(option) <= MAX_LABEL and option.isprintable() for option in given):
        raise FormError(f"each option of “{name}” must be a text of 1 to {MAX_LABEL} characters")
    return tuple(dict.fromkeys(str(option) for option in given))


def _with_default(field: Field, default: JSON, drawn: bool) -> Field:
    if default in (None, "") or (drawn and (_computed(default) or (not field.options and field.type == "choice"))):
        return field
    try:
        value = READERS[field.type](field, default)
    except AnswerError as error:
        raise FormError(f"the default of “{field.name}” does not fit: {error.message}") from None
    return Field(field.name, field.label, field.type, field.required, field.options, value)


def read_answer(fields: tuple[Field, ...], answer: Mapping[str, JSON]) -> dict[str, JSON]:
    """The answer with a value for each field, null for what was left empty. Raises AnswerError."""
    names = {field.name for field in fields}
    strange = sorted(str(name) for name in answer if name not in names)
    if strange:
        known = ", ".join(field.name for field in fields) or "none"
        raise AnswerError(strange[0][:80], f"the form has no such field; its fields are: {known}")
    return {field.name: _value(field, answer.get(field.name)) for field in fields}


def _value(field: Field, value: JSON) -> JSON:
    if value is None or value == "":
        if field.required:
            raise AnswerError(field.name, f"fill in “{field.label}”")
        return None
    return READERS[field.type](field, value)


def _text(field: Field, value: JSON) -> JSON:
    if not isinstance(value, str):
        raise AnswerError(field.name, f"“{field.label}” must be text")
    if len(value) > MAX_ANSWER:
        raise AnswerError(field.name, f"“{field.label}” has {len(value)} characters; shorten it to {MAX_ANSWER}")
    if any(not (char.isprintable() or char in "\r\n\t") for char in value):
        raise AnswerError(field.name, f"“{field.label}” holds a character that cannot be printed; remove it")
    return value


def _number(field: Field, value: JSON) -> JSON:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AnswerError(field.name, f"“{field.label}” must be a number")
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise AnswerError(field.name, f"“{field.label}” must be a number between -{LARGEST} and {LARGEST}")
    return value


def _boolean(field: Field, value: JSON) -> JSON:
    if not isinstance(value, bool):
        raise AnswerError(field.name, f"“{field.label}” must be true or false")
    return value


def _date(field: Field, value: JSON) -> JSON:
    try:
        return date.fromisoformat(value if isinstance(value, str) and len(value) == 10 else "").isoformat()
    except ValueError:
        raise AnswerError(field.name, f"“{field.label}” must be a date such as 2026-01-31") from None


def _choice(field: Field, value: JSON) -> JSON:
    if value not in field.options:
        raise AnswerError(field.name, f"“{field.label}” must be one of {', '.join(field.options)}"[:500])
    return value


READERS: Mapping[str, Callable[[Field, JSON], JSON]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "choice": _choice,
}
