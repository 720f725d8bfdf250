"""What all forms of the designer share: looks, accessible errors, and fields for durations and JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from django import forms

from orchestrator.statechart.durations import parse_duration

TEXT_LENGTH = 2_000
JSON_LENGTH = 20_000
JSON_DEPTH = 20
UNITS = {"w": 7 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1}
PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)\b\s*", re.IGNORECASE
)
ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
NAMES = ("day", "h", "min", "s")


class StyledForm(forms.Form):
    """A form whose controls carry the classes of the style sheet and name their error for screen readers.

    `ids` is the pattern of the controls' ids: a form that opens over another one needs a pattern of its own.
    """

    ids = "f-%s"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", self.ids)
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            self._style(name, field)

    def _style(self, name: str, field: forms.Field) -> None:
        attributes = field.widget.attrs
        attributes.setdefault("class", "")
        kinds: dict[type, str] = {forms.Select: "select", forms.Textarea: "textarea", forms.CheckboxInput: ""}
        base = kinds.get(type(field.widget), "input")
        attributes["class"] = f"{base} {attributes['class']}".strip()
        attributes.setdefault("autocomplete", "off")
        if attributes["class"].endswith("mono"):
            attributes["spellcheck"] = "false"

    def full_clean(self) -> None:
        """Mark the controls of wrong fields, so that the mark does not depend on colour alone."""
        super().full_clean()
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                marks = {"aria-invalid": "true", "aria-describedby": f"{self.ids % name}-err"}
                self.fields[name].widget.attrs.update(marks)


def with_kept(choices: list[tuple[str, str]], value: str) -> list[tuple[str, str]]:
    """The choices, and the value that is there when it is none of them, so that saving leaves it alone."""
    known = not value or any(value == choice for choice, _ in choices)
    return choices if known else [(value, f"{value}, as in the document"), *choices]


def mono(rows: int = 0, **attributes: str) -> forms.Widget:
    """A control for code: one line, or a text area of so many rows."""
    shown = {"class": "mono", **attributes}
    return forms.Textarea({**shown, "rows": str(rows)}) if rows else forms.TextInput(shown)


def to_iso(text: str) -> str:
    """“1 h 30 min” as PT1H30M; ISO 8601 and `${CEL}` stay as they are. Raises ValueError with the mend."""
    text = text.strip()
    if not text or text.startswith("${"):
        return text
    if text.upper().startswith("P"):
        parse_duration(text.upper())
        return text.upper()
    parts = PART.findall(text)
    if not parts or PART.sub("", text).strip(" ,"):
        raise ValueError("Write a duration such as 30 min, 48 h, 2 days or PT48H.")
    given = {unit[0].lower(): amount for amount, unit in parts}
    if len(given) < len(parts):
        raise ValueError("Write each unit once, for example 1 h 30 min.")
    return _iso(dict.fromkeys(UNITS, "") | given)


def _iso(amounts: dict[str, str]) -> str:
    """ISO 8601 from amounts per unit; fractions and weeks are turned into seconds and days first."""
    if any("." in amounts[unit] for unit in "wdhm"):
        seconds = sum(float(amount or 0) * UNITS[unit] for unit, amount in amounts.items())
        return f"PT{seconds:g}S"
    days = int(amounts["w"] or 0) * 7 + int(amounts["d"] or 0)
    time = "".join(f"{amounts[unit]}{unit.upper()}" for unit in "hms" if amounts[unit])
    return f"P{days}D" * bool(days) + f"T{time}" * bool(time) if days else f"PT{time}"


def to_words(text: str) -> str:
    """PT1H30M as “1 h 30 min”; what is not such a duration stays as it is."""
    found = ISO.fullmatch(text or "")
    if not found or not any(found.groups()):
        return text or ""
    words = [
        f"{amount} {name}{'s' if name == 'day' and amount != '1' else ''}"
        for amount, name in zip(found.groups(), NAMES, strict=True)
        if amount
    ]
    return " ".join(words)


class DurationField(forms.CharField):
    """A duration in friendly words, ISO 8601 or `${CEL}`; cleaned to what the document holds."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 200)
        kwargs.setdefault("widget", forms.TextInput())
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return to_words(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            return to_iso(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class JsonField(forms.CharField):
    """A JSON value in a text area; `shape` dict refuses all but an object. Cleaned to the value, None when empty."""

    def __init__(self, *, shape: type | None = dict, rows: int = 3, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", JSON_LENGTH)
        kwargs.setdefault("widget", mono(rows))
        super().__init__(**kwargs)
        self.shape = shape

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        return "" if value is None or value == {} else json.dumps(value, indent=2, ensure_ascii=False)

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value)).strip()
        if not text:
            return None
        return read_json(text, self.shape)


def read_json(text: str, shape: type | None) -> Any:
    """The value of a JSON text. Raises ValidationError that says the line and the mend."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise forms.ValidationError(f"Not valid JSON in line {error.lineno}: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise forms.ValidationError("Not valid JSON: a number or the nesting is out of bounds.") from error
    if shape is dict and not isinstance(value, dict):
        raise forms.ValidationError('Write an object, for example {"amount": 10}.')
    if _depth(value) > JSON_DEPTH:
        raise forms.ValidationError(f"Nested deeper than {JSON_DEPTH} levels; make it flatter.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((_depth(item) for item in inner), default=0)
