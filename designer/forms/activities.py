"""The form of an activity: what it does, how often it is tried, what happens when it fails, what undoes it."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from designer.edits.tree import targets_of
from designer.forms.base import TEXT_LENGTH, DurationField, JsonField, StyledForm, mono, with_kept
from designer.forms.tasks import DueField, FormFieldsField

NAME_LENGTH = 200
BODY_LENGTH = 20_000
KINDS = [
    ("http", "HTTP request"),
    ("email", "Email"),
    ("python", "Python function"),
    ("publish", "Published event"),
    ("human", "Human task"),
]
INPUTS = {
    "http": ("method", "url", "headers", "body", "response", "success"),
    "email": ("to", "subject", "text"),
    "python": ("callable", "args"),
    "publish": ("topic", "event", "data", "key"),
    "human": ("task_title", "assignee", "group", "instructions", "due", "form_fields"),
}
INPUT_KEYS = {"task_title": "title", "form_fields": "form"}  # where the field of the form is called otherwise
METHODS = [(name, name) for name in ("POST", "GET", "PUT", "PATCH", "DELETE")]
POLICIES = [
    ("fail", "Fail the instance"),
    ("escalate", "Open an incident and wait for a person"),
    ("skip", "Go on as if it were done"),
    ("compensate", "Undo what was done"),
    ("catch", "Go to a state"),
]
IDENTITY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
SIMPLE = ("title", "id", "result", "timeout")


class ActivityForm(StyledForm):
    """Fields of other kinds than `kind` are left out; `states` are the choices for where failure leads.

    Of a kind that has no fields here, such as a child chart, the input stays as it is in the document.
    """

    kind = forms.ChoiceField(choices=KINDS)
    title = forms.CharField(max_length=NAME_LENGTH, widget=forms.TextInput({"placeholder": "Charge card"}))
    method = forms.ChoiceField(choices=METHODS)
    url = forms.CharField(
        max_length=TEXT_LENGTH,
        label="Address",
        widget=mono(placeholder="https://example.com/charge"),
        help_text="May hold ${context.name}.",
    )
    headers = JsonField(
        required=False,
        rows=2,
        label="Headers (JSON)",
        help_text="{{secret:NAME}} stands for a secret, here and in address and body.",
    )
    body = JsonField(required=False, rows=4, shape=None, label="Body (JSON)")
    response = JsonField(
        required=False,
        rows=2,
        label="Read from the answer (JSON)",
        help_text='Such as {"id": "body.id"}; may read status, headers and body. Empty keeps all of it.',
    )
    success = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        label="It is a success when",
        widget=mono(placeholder="status == 200 && body.ok"),
        help_text="Empty means a status from 200 to 299.",
    )
    to = forms.CharField(
        max_length=TEXT_LENGTH,
        widget=mono(placeholder="${context.email}"),
        help_text="One address, or several divided by commas.",
    )
    subject = forms.CharField(max_length=500)
    text = forms.CharField(
        max_length=BODY_LENGTH,
        label="Text",
        widget=forms.Textarea({"rows": "5"}),
        help_text="May hold ${context.name}.",
    )
    callable = forms.CharField(
        max_length=NAME_LENGTH,
        label="Function",
        widget=mono(placeholder="payments.validate"),
        help_text="As registered with @activity.",
    )
    args = JsonField(required=False, rows=3, label="Arguments (JSON)")
    topic = forms.CharField(max_length=TEXT_LENGTH, widget=mono(placeholder="orders"))
    event = forms.CharField(max_length=TEXT_LENGTH, widget=mono(placeholder="order.placed"))
    data = JsonField(  # type: ignore[assignment]  # the metaclass takes fields out of the class
        required=False, rows=3, shape=None, label="Data (JSON)"
    )
    key = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        widget=mono(placeholder="${context.order}"),
        help_text="Events of one key keep their order.",
    )
    task_title = forms.CharField(
        required=False,
        max_length=NAME_LENGTH,
        label="Title of the task",
        widget=forms.TextInput({"placeholder": "Review ${instance.key}"}),
        help_text="What stands in the list of tasks. Empty means the title above.",
    )
    assignee = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        widget=mono(placeholder="ann or ${context.clerk}"),
        help_text="Username of who shall do it.",
    )
    group = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        widget=mono(placeholder="underwriters"),
        help_text="Any member of this group may claim it.",
    )
    instructions = forms.CharField(
        required=False,
        max_length=BODY_LENGTH,
        widget=forms.Textarea({"rows": "4"}),
        help_text="Plain text; may hold ${context.name}.",
    )
    due = DueField(required=False, label="Due within or at", help_text="2 days, a time, or ${context.deadline}.")
    form_fields = FormFieldsField(
        required=False,
        rows=6,
        shape=None,
        label="Fields of the form (JSON)",
        help_text="Types: text, number, boolean, date, choice with options.",
    )
    result = forms.RegexField(
        r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*|\[\d{1,6}\])*$",
        required=False,
        max_length=80,
        label="Store the result as",
        widget=mono(placeholder="payment"),
        error_messages={"invalid": "Use letters, digits and “_”, beginning with a letter."},
        help_text="A key of the context, or a place in it such as order.payment.",
    )
    id = forms.CharField(required=False, max_length=80, label="Id", widget=mono())
    timeout = DurationField(required=False, label="Timeout of one attempt")
    attempts = forms.IntegerField(required=False, min_value=1, max_value=1_000, label="Attempts at most")
    interval = DurationField(required=False, label="First wait")
    backoff = forms.FloatField(required=False, min_value=1, max_value=100, label="Each wait times")
    max_interval = DurationField(required=False, label="Longest wait")
    jitter = forms.BooleanField(required=False, label="Spread the waits at random")
    error_classes = forms.CharField(
        required=False,
        max_length=TEXT_LENGTH,
        label="Only these error classes",
        widget=mono(),
        help_text="Divided by commas. Empty means all that may pass.",
    )
    policy = forms.ChoiceField(choices=POLICIES, label="When all attempts failed")
    failure_target = forms.ChoiceField(required=False, label="State to go to")
    idempotency_key = forms.CharField(
        required=False, max_length=500, label="Idempotency key", widget=mono(placeholder="${instance.key}-charge")
    )
    undo_kind = forms.ChoiceField(required=False, choices=[("", "Nothing undoes it"), *KINDS], label="Undone by")
    undo_title = forms.CharField(required=False, max_length=NAME_LENGTH, label="Name of the undo")
    undo_input = JsonField(
        required=False, rows=3, label="Input of the undo (JSON)", help_text="May hold ${result} of what it undoes."
    )

    def __init__(self, *args: Any, kind: str, states: list[tuple[str, str]], **kwargs: Any) -> None:
        own = kwargs.get("initial", {}).get("kind")
        self.shown = kind if kind in INPUTS else "http" if kind != own else ""
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = with_kept(KINDS, "" if self.shown else own)  # type: ignore[attr-defined]
        for other, names in INPUTS.items():
            for name in names if other != self.shown else ():
                del self.fields[name]
        aims = with_kept(states, self.initial.get("failure_target", ""))
        self.fields["failure_target"].choices = [("", "Choose a state"), *aims]  # type: ignore[attr-defined]

    @property
    def inputs(self) -> list[forms.BoundField]:
        """The fields that are particular to the kind."""
        return [self[name] for name in INPUTS.get(self.shown, ())]

    def clean_id(self) -> str:
        """An id that came with an import stays as it is; a new one can be part of an event's name."""
        name = str(self.cleaned_data["id"])
        if name and name != self.initial.get("id") and not IDENTITY.fullmatch(name):
            raise forms.ValidationError("Use letters, digits, “_”, “-” and “.”, beginning with a letter.")
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("policy") == "catch" and not data.get("failure_target"):
            self.add_error("failure_target", "Choose the state to go to.")
        if self.shown == "human" and not (data.get("assignee") or data.get("group") or self.errors):
            self.add_error("group", "Name a user or a group, so that somebody sees the task.")
        if data.get("undo_kind") and not data.get("undo_title"):
            self.add_error("undo_title", "Name what undoes it.")
        return data

    def values(self, old: dict[str, Any]) -> dict[str, Any]:
        """What the document gets; keys of `old` that the form does not show are kept."""
        data = self.cleaned_data
        values: dict[str, Any] = {name: data[name] for name in SIMPLE}
        values["kind"] = data["kind"]
        kept = {} if data["kind"] != old.get("kind", data["kind"]) else dict(old.get("input") or {})
        names = INPUTS.get(self.shown, ()) if self.shown == data["kind"] else ()
        shown = {INPUT_KEYS.get(name, name): data[name] for name in names}
        others = {name: value for name, value in kept.items() if name not in shown}
        values["input"] = {**others, **{name: value for name, value in shown.items() if value not in (None, "")}}
        values["retry"] = self._retry()
        values["onFailure"] = self._failure(old.get("onFailure"))
        values["idempotencyKey"] = data["idempotency_key"]
        values["compensate"] = self._undo(old.get("compensate"))
        return values

    def _retry(self) -> dict[str, Any]:
        data = self.cleaned_data
        if not data["attempts"] or data["attempts"] == 1:
            return {}
        retry = {
            "maxAttempts": data["attempts"],
            "interval": data["interval"],
            "backoff": data["backoff"],
            "maxInterval": data["max_interval"],
        }
        retry["errors"] = [part.strip() for part in data["error_classes"].split(",") if part.strip()]
        filled = {name: value for name, value in retry.items() if value}
        return filled if data["jitter"] else {**filled, "jitter": False}

    def _failure(self, old: Any) -> dict[str, Any]:
        policy = self.cleaned_data["policy"]
        if policy != "catch":
            return {} if policy == "fail" else {"policy": policy}
        kept = old if isinstance(old, dict) else {}
        target = self.cleaned_data["failure_target"]
        return {**kept, "policy": "catch", "target": target.split() if " " in target else target}

    def _undo(self, old: Any) -> dict[str, Any]:
        data = self.cleaned_data
        if not data["undo_kind"]:
            return {}
        kept = old if isinstance(old, dict) else {}
        undo = {**kept, "kind": data["undo_kind"], "title": data["undo_title"], "input": data["undo_input"] or {}}
        return undo


def initial_of(activity: dict[str, Any]) -> dict[str, Any]:
    """An activity of the document as the form's initial values."""
    given = activity.get("input") or {}
    retry = activity.get("retry") or {}
    failure = activity.get("onFailure") or {}
    undo = activity.get("compensate") or {}
    return {
        **given,
        **{name: given[key] for name, key in INPUT_KEYS.items() if key in given},
        **{name: activity.get(name, "") for name in SIMPLE},
        "kind": activity.get("kind", "http"),
        "attempts": retry.get("maxAttempts", 1),
        "interval": retry.get("interval", "PT1S"),
        "backoff": retry.get("backoff", 2),
        "max_interval": retry.get("maxInterval", "PT1H"),
        "jitter": retry.get("jitter", True),
        "error_classes": ", ".join(retry.get("errors") or []),
        "policy": failure.get("policy", "fail"),
        "failure_target": " ".join(targets_of(failure)),
        "idempotency_key": activity.get("idempotencyKey", ""),
        "undo_kind": undo.get("kind", ""),
        "undo_title": undo.get("title", ""),
        "undo_input": undo.get("input"),
    }
