"""The form of a task as Django shows and reads it, and the small forms beside it."""

from __future__ import annotations

from typing import Any

from django import forms

from orchestrator.runtime.human import MAX_NAME
from orchestrator.runtime.intake import MAX_TEXT
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.task_form import LARGEST, MAX_ANSWER, Field

PREFIX = "field"  # keeps the names of a chart apart from those of the page
YES_NO = [("", "Choose"), ("true", "Yes"), ("false", "No")]


class AnswerForm(forms.Form):
    """One control for each field of the task."""

    def __init__(self, *args: Any, asked: tuple[Field, ...], **kwargs: Any) -> None:
        kwargs.setdefault("prefix", PREFIX)
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in asked:
            self.fields[field.name] = control(field)
            self.initial.setdefault(field.name, shown(field.default))

    def full_clean(self) -> None:
        """Mark the controls of wrong fields, so that the mark does not depend on colour alone."""
        super().full_clean()
        for name in self.errors if self.is_bound else ():
            self.mark(name)

    def mark(self, name: str) -> None:
        if name in self.fields:
            described = f"{self[name].id_for_label}-err"
            self.fields[name].widget.attrs.update({"aria-invalid": "true", "aria-describedby": described})

    def refuse(self, field: str, message: str) -> None:
        """Show what the runtime said of the answer."""
        self.add_error(field if field in self.fields else None, message)
        self.mark(field)

    def values(self) -> dict[str, JSON]:
        """The answer; what was left empty is not in it."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


def control(field: Field) -> forms.Field:
    """The control for one field, in the looks of the style sheet."""
    hint = "" if field.required else "May stay empty."
    common: dict[str, Any] = {"label": field.label, "required": field.required, "help_text": hint}
    missing = {"required": f"Fill in “{field.label}”."}
    if field.type == "number":
        return NumberField(
            widget=forms.NumberInput({"class": "input", "step": "any"}),
            min_value=-LARGEST,
            max_value=LARGEST,
            error_messages=missing,
            **common,
        )
    if field.type == "date":
        return DayField(widget=forms.DateInput({"class": "input", "type": "date"}), error_messages=missing, **common)
    if field.type in ("boolean", "choice"):
        options = YES_NO if field.type == "boolean" else [("", "Choose"), *((one, one) for one in field.options)]
        kind = YesNoField if field.type == "boolean" else forms.ChoiceField
        return kind(choices=options, widget=forms.Select({"class": "select"}), error_messages=missing, **common)
    lines = forms.Textarea({"class": "textarea", "rows": "2"})
    return forms.CharField(max_length=MAX_ANSWER, widget=lines, error_messages=missing, **common)


def shown(default: JSON) -> object:
    return str(default).lower() if isinstance(default, bool) else default


class NumberField(forms.FloatField):
    """A number as JSON has it: whole numbers stay whole."""

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return int(found) if isinstance(found, float) and found.is_integer() else found


class DayField(forms.DateField):
    """A date, cleaned to its ISO text."""

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        return day.isoformat() if day else None


class YesNoField(forms.ChoiceField):
    """Yes, no or nothing, cleaned to true, false or None."""

    def clean(self, value: Any) -> Any:
        return {"true": True, "false": False}.get(super().clean(value))


class ReasonForm(forms.Form):
    """Why a task is rejected or given back; it stays in the history."""

    reason = forms.CharField(required=False, max_length=MAX_TEXT)


class RejectForm(forms.Form):
    reason = forms.CharField(
        max_length=MAX_TEXT, error_messages={"required": "Say why; the machine and the history keep the reason."}
    )


class ReassignForm(ReasonForm):
    to = forms.CharField(max_length=MAX_NAME, error_messages={"required": "Give the username of who shall do it."})
