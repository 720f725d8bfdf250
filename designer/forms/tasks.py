"""The fields which only a human task has."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from designer.forms.base import DurationField, JsonField, mono
from orchestrator.statechart.task_form import FormError, read_form

EXAMPLE = '[{"name": "approved", "type": "boolean", "required": true}]'


class DueField(DurationField):
    """When a task is due: a duration in friendly words, a time with its offset, or `${CEL}`."""

    def clean(self, value: Any) -> str:
        text = str(value or "").strip()
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return super().clean(value)
        if moment.tzinfo is None:
            raise forms.ValidationError("A time needs its offset, for example 2026-01-31T17:00+00:00.")
        return text


class FormFieldsField(JsonField):
    """The fields of a task's form, refused as the checks of the chart would refuse them."""

    def __init__(self, *, rows: int, **kwargs: Any) -> None:
        super().__init__(rows=rows, widget=mono(rows, placeholder=EXAMPLE), **kwargs)

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        try:
            read_form(found, drawn=True)
        except FormError as error:
            raise forms.ValidationError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error
        return found
