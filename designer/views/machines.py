"""The list of machines, and making one: blank, from the gallery, or from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from designer.forms.chart import ImportForm, NewMachineForm
from designer.gallery.load import gallery_entries
from designer.views.common import MemberRequest, design_url, member
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.definitions.permissions import visible_machines
from orchestrator.diagrams.render import render_svg
from orchestrator.formats.errors import FormatError
from orchestrator.formats.fidelity import Note
from orchestrator.formats.registry import read_file
from orchestrator.runtime import queries
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.document import DocumentError, content_hash, dump, parse

QUERY_LENGTH = 100
SHOWN = 60
TOLD = 100  # notes of an import that are listed
FILTERS = ("all", "published", "drafts", "stuck")
BLANK: dict[str, Any] = {"signalbox": 1, "states": {}}
NO_RUNS = queries.MachineSummary(0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Card:
    machine: Machine
    thumb: SafeString
    runs: queries.MachineSummary
    unpublished: bool  # the draft differs from the current version

    @property
    def on_time(self) -> int:
        return max(self.runs.running - self.runs.stuck, 0)

    @property
    def bar(self) -> tuple[int, int]:
        """Widths in thousandths of the bar: on time, then stuck, which is seen however few they are."""
        if not self.runs.running:
            return 0, 0
        stuck = max(12, round(1000 * self.runs.stuck / self.runs.running)) if self.runs.stuck else 0
        return max(1000 - stuck, 0), min(stuck, 1000)

    @property
    def gap(self) -> int:
        """Where the second part of the bar begins."""
        return self.bar[0] + 2


@dataclass(frozen=True, slots=True)
class Template:
    slug: str
    title: str
    description: str
    thumb: SafeString


@member
@require_GET
def machines(request: MemberRequest) -> HttpResponse:
    """Every machine the user may see, as cards; `q` searches names and the words of the chart, `show` filters."""
    query = request.GET.get("q", "").strip()[:QUERY_LENGTH]
    show = request.GET.get("show", "all")
    everything = list(visible_machines(request.user).select_related("owner", "current"))
    runs = queries.summaries([machine.pk for machine in everything])
    counts = {name: sum(_matches(machine, name, runs) for machine in everything) for name in FILTERS}
    found = [machine for machine in everything if _matches(machine, show, runs) and _mentions(machine, query)]
    context = {
        "query": query,
        "show": show if show in FILTERS else "all",
        "counts": counts,
        "running": sum(summary.running for summary in runs.values()),
        "cards": [_card(machine, runs.get(machine.pk, NO_RUNS)) for machine in found[:SHOWN]],
        "hidden": max(len(found) - SHOWN, 0),
        "any": bool(everything),
        "templates": [] if everything else _templates()[:3],
    }
    part = request.headers.get("HX-Target") == "machine-list"
    return render(request, "designer/_machine_list.html" if part else "designer/machines.html", context)


@member
@require_http_methods(["GET", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    """A title, and whether to start blank or from a template of the gallery."""
    form = NewMachineForm(request.POST or None, initial={"template": request.GET.get("template", "")})
    entries = {slug: (title, document) for slug, title, _, document in gallery_entries()}
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["template"]
        if chosen and chosen not in entries:
            form.add_error(None, "This template is no longer there. Choose another.")
        else:
            document = entries[chosen][1] if chosen else BLANK
            if machine := _made(request, form, form.cleaned_data["title"], document):
                return redirect(design_url(machine))
    chosen = str(form["template"].value() or "")
    if not form.is_bound and chosen in entries:
        form.initial["title"] = entries[chosen][0]
    context = {"form": form, "import_form": ImportForm(), "templates": _templates(), "chosen": chosen, "area": "new"}
    return render(request, "designer/new.html", context, status=422 if form.errors else 200)


@member
@require_POST
def import_file(request: MemberRequest) -> HttpResponse:
    """A machine out of a chart document; a file that cannot be read says where and why, and nothing is made."""
    form = ImportForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            imported = read_file(form.filename, form.cleaned_data["file"])
        except FormatError as error:
            form.add_error("file", str(error))
        else:
            chart = imported.chart
            if machine := _made(request, form, form.cleaned_data["title"] or chart.title or chart.id, dump(chart)):
                if imported.notes:
                    messages.warning(request, _report(machine, imported.notes))
                return redirect(design_url(machine))
    context = {"form": NewMachineForm(), "import_form": form, "templates": _templates(), "chosen": "", "area": "new"}
    return render(request, "designer/new.html", context, status=422)


def _report(machine: Machine, notes: Sequence[Note]) -> SafeString:
    """What the import lost or changed, what is gone first, each with a link to its place in the chart."""
    worst = sorted(notes, key=lambda note: note.kind != "lost")[:TOLD]
    lines = format_html_join("", "<li><b>{}</b>: {} {}</li>", ((n.what, n.message, _place(machine, n)) for n in worst))
    rest = format_html("<p>And {} more.</p>", len(notes) - TOLD) if len(notes) > TOLD else ""
    return format_html('Not all of the file came as it was.<ul class="notes">{}</ul>{}', lines, rest)


def _place(machine: Machine, note: Note) -> str:
    ref = note.path.removeprefix("states/")
    if ref in ("", note.path):
        return ""
    return format_html('<a href="{}?{}">{}</a>', design_url(machine), urlencode({"select": ref}), ref)


def _made(request: MemberRequest, form: forms.Form, title: str, document: Mapping[str, JSON]) -> Machine | None:
    """The new machine, or None with the refusal at the form's title."""
    try:
        return create_machine(request.user, title, document)
    except ValueError as error:
        form.add_error("title", str(error))
        return None


def _matches(machine: Machine, show: str, runs: Mapping[int, queries.MachineSummary]) -> bool:
    if show == "published":
        return machine.current_id is not None
    if show == "drafts":
        return machine.current_id is None
    return show != "stuck" or runs.get(machine.pk, NO_RUNS).stuck > 0


def _mentions(machine: Machine, query: str) -> bool:
    """Whether every word of the query is in the name, the description or the chart's own words."""
    text = f"{machine.title} {machine.slug} {machine.description} {_words(machine.draft)}".lower()
    return all(word in text for word in query.lower().split())


def _words(value: Any) -> str:
    """State keys, titles and events: all short strings of the document."""
    if isinstance(value, dict):
        return " ".join(f"{key} {_words(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return " ".join(_words(inner) for inner in value)
    return value if isinstance(value, str) else ""


def _card(machine: Machine, runs: queries.MachineSummary) -> Card:
    unpublished = machine.current is not None and machine.current.content_hash != content_hash(machine.draft)
    return Card(machine, _thumb(machine.draft, f"t{machine.pk}"), runs, unpublished)


def _templates() -> list[Template]:
    return [
        Template(slug, title, text, _thumb(document, f"g{slug}")) for slug, title, text, document in gallery_entries()
    ]


def _thumb(document: object, prefix: str) -> SafeString:
    """The small picture of a chart; nothing when it cannot be read."""
    try:
        chart = parse(document)
        markup = render_svg(chart, detail="thumb", prefix=prefix) if chart.states else ""
    except DocumentError:
        markup = ""
    return mark_safe(markup)  # noqa: S308 the renderer escapes every user text
