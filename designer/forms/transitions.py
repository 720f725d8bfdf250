"""One form for each kind of transition; fields that a kind does not have are left out."""

from __future__ import annotations

from typing import Any

from django import forms

from designer.forms.base import TEXT_LENGTH, DurationField, StyledForm, mono
from orchestrator.statechart.expressions import check

EVENT_LENGTH = 200
KINDS = {"on": "Transition", "after": "Timeout", "always": "Automatic transition", "onDone": "When done"}


class TransitionForm(StyledForm):
    event = forms.CharField(
        max_length=EVENT_LENGTH,
        widget=mono(placeholder="document.submitted"),
        help_text="Divide several by spaces. “order.*” takes all that begin so.",
    )
    delay = DurationField(label="After", help_text="For example 30 min, 48 h, 2 days, PT48H or ${context.wait}.")
    target = forms.ChoiceField(required=False)
    guard = forms.CharField(max_length=TEXT_LENGTH, required=False)
    internal = forms.BooleanField(required=False, label="Stay inside: do not leave and enter the state again")

    def __init__(self, *args: Any, kind: str, states: list[tuple[str, str]], current: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = " ".join(current) if len(current) > 1 else ""
        several = [(self.kept, " and ".join(current))] if self.kept else []
        choices = [("", "None: only do the actions"), *several, *states]
        self.fields["target"].choices = choices  # type: ignore[attr-defined]
        if kind != "on":
            del self.fields["event"]
        if kind != "after":
            del self.fields["delay"]
        if kind == "always":
            del self.fields["internal"]

    def clean_guard(self) -> str:
        """A guard that does not compile is not stored, because nobody could run it."""
        guard = str(self.cleaned_data["guard"]).strip()
        message = check(guard, boolean=True) if guard else None
        if message:
            raise forms.ValidationError(message)
        return guard

    def values(self, actions: list[dict[str, Any]]) -> dict[str, Any]:
        """What the document gets."""
        data = self.cleaned_data
        target = data["target"]
        values = {
            "target": target.split() if target == self.kept else target,
            "guard": data["guard"],
            "actions": actions,
        }
        if "event" in data:
            events = data["event"].split()
            values["event"] = events[0] if len(events) == 1 else events
        values.update({name: data[name] for name in ("delay", "internal") if name in data})
        return values
