"""Forms of the chart itself and of making, importing, publishing and starting a machine."""

from __future__ import annotations

from typing import Any

from django import forms

from designer.forms.base import JsonField, StyledForm, mono, with_kept
from orchestrator.definitions.machines import DESCRIPTION_LENGTH, TITLE_LENGTH
from orchestrator.definitions.models import Machine
from orchestrator.definitions.publish import NOTES_LENGTH
from orchestrator.definitions.recipients import RecipientsField
from orchestrator.formats.registry import READABLE

IMPORT_BYTES = 1_000_000


class ChartForm(StyledForm):
    title = forms.CharField(max_length=TITLE_LENGTH)
    description = forms.CharField(max_length=DESCRIPTION_LENGTH, required=False, widget=forms.Textarea({"rows": "2"}))
    starts_in = forms.ChoiceField(required=False, label="First state")
    context = JsonField(
        required=False,
        rows=4,
        label="Context at the start (JSON)",
        help_text="The data an instance carries. Guards read it as context.name.",
    )
    recipients = RecipientsField(
        max_length=5_000,
        required=False,
        label="Alert emails to",
        help_text="Who hears when an instance is stuck. Divide addresses by commas.",
        widget=forms.Textarea({"rows": "2"}),
    )

    key_policy = forms.ChoiceField(
        choices=Machine.KEY_POLICIES,
        label="When a key is taken",
        help_text="What a start means whose business key has an instance already.",
    )

    def __init__(self, *args: Any, states: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = with_kept(states, self.initial.get("starts_in", ""))
        self.fields["starts_in"].choices = [("", "None"), *choices]  # type: ignore[attr-defined]


class NewMachineForm(StyledForm):
    title = forms.CharField(max_length=TITLE_LENGTH, widget=forms.TextInput({"placeholder": "Document approval"}))
    template = forms.SlugField(max_length=80, required=False, widget=forms.HiddenInput())


class ImportForm(StyledForm):
    title = forms.CharField(
        max_length=TITLE_LENGTH, required=False, help_text="Left empty, the title in the file is used."
    )
    filename = ""
    file = forms.FileField(label="Chart file", widget=forms.FileInput({"accept": ",".join(READABLE)}))

    def clean_file(self) -> str:
        """The text of the file, bounded and decoded."""
        upload = self.cleaned_data["file"]
        self.filename = str(upload.name)
        if upload.size > IMPORT_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB. Split the chart into smaller machines.")
        try:
            text: str = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The file is not UTF-8 text. Save it as UTF-8 and import it again.") from error
        return text


class PublishForm(StyledForm):
    ids = "dialog-%s"
    notes = forms.CharField(
        max_length=NOTES_LENGTH,
        required=False,
        label="Notes for this version",
        widget=forms.Textarea({"rows": "2"}),
        help_text="What is new, for those who read the list of versions.",
    )


class StartForm(StyledForm):
    ids = "dialog-%s"
    key = forms.CharField(
        max_length=200,
        label="Business key",
        help_text="Names the instance, for example an order number. The same key starts nothing twice.",
    )
    context = JsonField(
        required=False,
        rows=4,
        label="Context (JSON)",
        help_text="Added to the context of the chart.",
        widget=mono(4, placeholder='{"amount": 10}'),
    )
