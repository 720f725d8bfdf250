"""Forms of a state: adding one, and all of its own fields."""

from __future__ import annotations

from typing import Any

from django import forms

from designer.forms.base import TEXT_LENGTH, DurationField, StyledForm, mono, with_kept

KEY_LENGTH = 80
TITLE_LENGTH = 120
TYPES = [
    ("atomic", "Plain: waits for events"),
    ("compound", "Compound: holds states, one at a time"),
    ("parallel", "Parallel: holds regions, all at once"),
    ("final", "Final: the end"),
    ("history", "History: where it was before"),
]


class NewStateForm(StyledForm):
    title = forms.CharField(
        max_length=TITLE_LENGTH, widget=forms.TextInput({"placeholder": "Under review", "autofocus": True})
    )
    key = forms.CharField(
        max_length=KEY_LENGTH,
        required=False,
        widget=mono(placeholder="under_review"),
        help_text="Left empty, it is made from the title.",
    )
    type = forms.ChoiceField(choices=TYPES)
    parent = forms.ChoiceField(required=False, label="Inside of")

    def __init__(self, *args: Any, parents: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].choices = [("", "The chart"), *parents]  # type: ignore[attr-defined]


class StateForm(NewStateForm):
    """`children` are the choices for the initial state; without any the field is not shown."""

    starts_in = forms.ChoiceField(required=False, label="Starts in")
    history = forms.ChoiceField(
        required=False, choices=[("shallow", "Shallow: the last child"), ("deep", "Deep: the last of all levels")]
    )
    expected_within = DurationField(
        required=False,
        label="Expected within",
        help_text="Longer than this counts as stuck and sends the alert. For example 4 h or 2 days.",
    )
    description = forms.CharField(max_length=TEXT_LENGTH, required=False, widget=forms.Textarea({"rows": "2"}))

    def __init__(self, *args: Any, children: list[tuple[str, str]], kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        children = with_kept(children, self.initial.get("starts_in", ""))
        self.fields["title"].widget.attrs.pop("autofocus", None)
        self.fields["title"].required = False
        self.fields["key"].required = True
        self.fields["key"].help_text = "The name in the document; references follow when it changes."
        self.fields["starts_in"].choices = [("", "Not chosen"), *children]  # type: ignore[attr-defined]
        if kind != "compound":
            del self.fields["starts_in"]
        if kind != "history":
            del self.fields["history"]
