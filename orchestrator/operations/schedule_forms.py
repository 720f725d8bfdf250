"""What a schedule's form holds. Times are typed as the clock on the wall of the schedule's zone shows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from orchestrator.definitions.models import Machine
from orchestrator.operations.forms import DATA_LENGTH, json_object
from orchestrator.runtime.commands import CommandError
from orchestrator.schedules.commands import Draft, context_of
from orchestrator.schedules.errors import RecurrenceError
from orchestrator.schedules.models import Schedule
from orchestrator.schedules.recurrence import LONGEST_RULE, Recurrence, resolve, zone_of

WALL = "%Y-%m-%dT%H:%M"
FIELDS = {"startsAt": "starts_at", "catchUp": "catch_up", "from": "from_at", "to": "to_at"}  # of the commands
HINTS = {
    "cron": "30 2 * * MON-FRI",
    "interval": "PT6H",
    "calendar": "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9",
}
KIND_WORDS = {"cron": "Cron rule", "interval": "Interval", "calendar": "Calendar rule (RRULE)"}
CATCH_UP_WORDS = {"one": "Start the latest", "all": "Start all", "skip": "Start none"}
OVERLAP_WORDS = {
    "allow": "Start beside it",
    "skip": "Skip this time",
    "cancel-old": "Cancel the old one and start",
    "queue-one": "Queue one time until it has ended",
}


class WallTimeField(forms.Field):
    """A local time without a zone."""

    widget = forms.DateTimeInput(attrs={"type": "datetime-local", "class": "input"}, format=WALL)

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            raise forms.ValidationError("Write the time as 2026-03-01T09:00.") from None
        if found.tzinfo:
            raise forms.ValidationError("Leave out the offset: the time is in the schedule's zone.")
        return found.replace(microsecond=0)


class WallForm(forms.Form):
    """A form with local times, which a command may refuse."""

    def moment(self, name: str, zone: str) -> datetime | None:
        """A typed time as a moment; years which no schedule can mean are out of the way of the arithmetic."""
        wall: datetime | None = self.cleaned_data[name]
        return wall and resolve(wall.replace(year=min(max(wall.year, 1904), 2304)), ZoneInfo(zone))

    def refuse(self, error: CommandError) -> None:
        """Show a refusal beside its field."""
        name = FIELDS.get(error.field, error.field)
        self.add_error(name if name in self.fields else None, error.message)


class RuleForm(WallForm):
    """The part of a schedule that says when: enough for the preview."""

    kind = forms.ChoiceField(
        choices=list(KIND_WORDS.items()), initial="cron", widget=forms.Select(attrs={"class": "select"})
    )
    rule = forms.CharField(
        max_length=LONGEST_RULE,
        widget=forms.TextInput(attrs={"class": "input mono", "autocomplete": "off", "spellcheck": "false"}),
        help_text="; ".join(f"{KIND_WORDS[kind]}: {example}" for kind, example in HINTS.items()),
    )
    zone = forms.CharField(
        label="Time zone",
        max_length=60,
        initial="UTC",
        widget=forms.TextInput(attrs={"class": "input", "list": "zones", "autocomplete": "off"}),
    )
    starts_at = WallTimeField(
        label="Start",
        required=False,
        help_text="The first possible time, in this zone; intervals and calendar rules count from it.",
    )

    def clean_zone(self) -> str:
        try:
            return zone_of(self.cleaned_data["zone"]).key
        except RecurrenceError as error:
            raise forms.ValidationError(error.message) from None

    def recurrence(self) -> Recurrence:
        """The rule of a valid form."""
        values = self.cleaned_data
        return Recurrence(values["kind"], values["rule"], values["zone"], self.moment("starts_at", values["zone"]))


class ScheduleForm(RuleForm):
    """A whole schedule; machine and name are asked for a new one only."""

    machine = forms.ChoiceField(widget=forms.Select(attrs={"class": "select"}))
    name = forms.CharField(
        max_length=80,
        widget=forms.TextInput(attrs={"class": "input mono", "autocomplete": "off"}),
        help_text="Small letters, digits and -. It begins the keys of its instances and cannot be changed.",
    )
    context = forms.CharField(
        label="Context, a JSON object",
        required=False,
        max_length=DATA_LENGTH,
        initial="{}",
        widget=forms.Textarea(attrs={"class": "textarea mono", "rows": "4", "spellcheck": "false"}),
        help_text="Each instance starts with these values and scheduledFor, its time.",
    )
    catch_up = forms.ChoiceField(
        label="When times were missed",
        choices=list(CATCH_UP_WORDS.items()),
        widget=forms.Select(attrs={"class": "select"}),
    )
    overlap = forms.ChoiceField(
        label="When an instance is still running",
        choices=list(OVERLAP_WORDS.items()),
        widget=forms.Select(attrs={"class": "select"}),
    )

    def __init__(self, *args: Any, machines: Sequence[Machine] = (), **kwargs: Any) -> None:
        """Without `machines` it is the form of a schedule which exists."""
        super().__init__(*args, **kwargs)
        if machines:
            self.fields["machine"] = forms.ChoiceField(
                choices=[(machine.slug, machine.title) for machine in machines],
                widget=forms.Select(attrs={"class": "select"}),
            )
        else:
            del self.fields["machine"], self.fields["name"]

    def clean_context(self) -> dict[str, Any]:
        return json_object(self.cleaned_data["context"])

    def draft(self) -> Draft:
        values = self.cleaned_data
        return Draft(self.recurrence(), values["context"], values["catch_up"], values["overlap"])


class BackfillForm(WallForm):
    """A past range, both ends included."""

    from_at = WallTimeField(label="From")
    to_at = WallTimeField(label="To")


def initial_of(schedule: Schedule) -> dict[str, Any]:
    """The values with which the form of an existing schedule opens."""
    return {
        "kind": schedule.kind,
        "rule": schedule.rule,
        "zone": schedule.zone,
        "starts_at": schedule.starts_at and wall_of(schedule.starts_at, schedule),
        "context": json.dumps(context_of(schedule), indent=2, ensure_ascii=False),
        "catch_up": schedule.catch_up,
        "overlap": schedule.overlap,
    }


def wall_of(moment: datetime, schedule: Schedule) -> datetime:
    """What the clock of the schedule's zone shows at a moment."""
    return moment.astimezone(zone_of(schedule.zone)).replace(tzinfo=None)
