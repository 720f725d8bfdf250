"""What an operator may enter, each with a bound and an error that names the mend."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django import forms

from orchestrator.statechart.definition import JSON

NAME_LENGTH = 200
DATA_LENGTH = 100_000
REASON_LENGTH = 300
OTHER = "__other__"


def _refuse_constant(word: str) -> JSON:
    raise ValueError(f"{word} is no JSON value.")


def json_value(text: str) -> JSON:
    """What a text field holds. Raises ValidationError."""
    try:
        value: JSON = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise forms.ValidationError("The data is nested too deeply.") from None
    except ValueError as error:
        raise forms.ValidationError(f"This is not JSON: {error}") from None
    return value


def json_object(text: str) -> dict[str, JSON]:
    """The object which a text field holds, an empty one for an empty text. Raises ValidationError."""
    value = json_value(text or "{}")
    if not isinstance(value, dict):
        raise forms.ValidationError('The data must be a JSON object, such as {"amount": 20}.')
    return value


class SendForm(forms.Form):
    """An event by choice or by name, with a JSON object as data. `once` makes a double click one event."""

    choice = forms.CharField(required=False, max_length=NAME_LENGTH)
    name = forms.CharField(required=False, max_length=NAME_LENGTH)
    payload = forms.CharField(required=False, max_length=DATA_LENGTH, strip=True)
    once = forms.UUIDField(required=False)

    def clean_payload(self) -> dict[str, JSON]:
        return json_object(self.cleaned_data.get("payload") or "")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        choice, name = values.get("choice") or "", values.get("name") or ""
        values["event"] = name if choice in ("", OTHER) else choice
        if not values["event"] and "name" not in self.errors:
            self.add_error("name", "Choose an event or enter the name of another.")
        values["once"] = values.get("once") or uuid.uuid4()
        return values


class ReasonForm(forms.Form):
    """Why somebody intervenes; it stands in the journal."""

    reason = forms.CharField(
        max_length=REASON_LENGTH, error_messages={"required": "Say why; the reason stays in the journal."}
    )


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(required=False, max_length=REASON_LENGTH)


class SkipForm(ReasonForm):
    """An activity that counts as done, and what it counts as having answered."""

    activity = forms.CharField(max_length=NAME_LENGTH)
    result = forms.CharField(required=False, max_length=DATA_LENGTH, strip=True)

    def clean_result(self) -> JSON:
        """None stands for no result."""
        text = self.cleaned_data.get("result")
        return json_value(text) if text else None


class MoveForm(ReasonForm):
    """Where an instance shall stand."""

    state = forms.CharField(max_length=NAME_LENGTH)
