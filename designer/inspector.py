"""The panel beside the diagram: which form it shows for what is selected, or the form that was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms

from designer import edits
from designer.edits.tree import family, targets_of
from designer.forms import actions
from designer.forms.activities import ActivityForm, initial_of
from designer.forms.chart import ChartForm
from designer.forms.states import NewStateForm, StateForm
from designer.forms.transitions import KINDS, TransitionForm
from designer.outline import type_of, ways_out, words
from designer.selection import CHART, Selection, choices, select, title_of, titles
from orchestrator.definitions.models import Machine


@dataclass(frozen=True, slots=True)
class Panel:
    """`template` shows `context`; `ref` is what is selected, empty for the chart."""

    template: str
    ref: str
    form: forms.Form
    context: Mapping[str, Any] = field(default_factory=dict)


def panel_of(machine: Machine, selection: Selection) -> Panel:
    """The panel with what the draft holds."""
    if selection.kind == "state":
        return state_panel(machine, selection.ref)
    if selection.kind == "transition":
        return transition_panel(machine, selection.ref)
    if selection.kind == "activity":
        return activity_panel(machine, selection.ref)
    return chart_panel(machine)


def chart_form(machine: Machine, posted: Any = None) -> ChartForm:
    document = machine.draft
    top = [(key, title_of(key, edits.find_state(document, key).state)) for key in document.get("states") or {}]
    initial = {
        "title": document.get("title") or machine.title,
        "description": document.get("description", ""),
        "starts_in": edits.initial_of(document),
        "context": document.get("context"),
        "recipients": machine.alert_recipients,
        "key_policy": machine.key_policy,
    }
    return ChartForm(posted, initial=initial, states=top)


def chart_panel(machine: Machine, form: ChartForm | None = None) -> Panel:
    return Panel("designer/_chart.html", "", form or chart_form(machine))


def state_form(document: Mapping[str, Any], key: str, posted: Any = None) -> StateForm:
    place = edits.find_state(document, key)
    state = place.state
    initial = {
        "title": title_of(key, state),
        "key": key,
        "type": type_of(state),
        "parent": place.parent or "",
        "starts_in": edits.initial_of(state),
        "history": state.get("history", "shallow"),
        "expected_within": state.get("expectedWithin", ""),
        "description": state.get("description", ""),
    }
    inside = [(child, title_of(child, node)) for child, node in (state.get("states") or {}).items()]
    parents = choices(document, leave_out=family(document, key))
    return StateForm(posted, initial=initial, parents=parents, children=inside, kind=type_of(state))


def state_panel(
    machine: Machine, key: str, form: StateForm | None = None, lists: list[actions.ActionList] | None = None
) -> Panel:
    document = machine.draft
    state = edits.find_state(document, key).state
    editors = lists or [
        actions.show(state.get("entry") or [], "entry", "On entry, in order"),
        actions.show(state.get("exit") or [], "exit", "On exit, in order"),
    ]
    context = {
        "state": key,
        "title": title_of(key, state),
        "type": type_of(state),
        "ways": ways_out(key, state, titles(document)),
        "activities": [
            {
                "ref": f"{key}/invoke/{index}",
                "title": activity.get("title") or activity.get("kind"),
                "kind": activity.get("kind"),
            }
            for index, activity in enumerate(state.get("invoke") or [])
        ],
        "lists": editors,
    }
    return Panel("designer/_state.html", key, form or state_form(document, key), context)


def transition_form(
    document: Mapping[str, Any], kind: str, transition: Mapping[str, Any], posted: Any = None
) -> TransitionForm:
    event = transition.get("event", "")
    current = targets_of(transition)
    initial = {
        "event": event if isinstance(event, str) else " ".join(event),
        "delay": transition.get("delay", ""),
        "target": " ".join(current),
        "guard": transition.get("guard", ""),
        "internal": transition.get("internal", False),
    }
    return TransitionForm(posted, initial=initial, kind=kind, states=choices(document), current=current)


def transition_panel(
    machine: Machine, ref: str, form: TransitionForm | None = None, editor: actions.ActionList | None = None
) -> Panel:
    document = machine.draft
    slot = edits.find_transition(document, ref)
    transition = slot.items[slot.position]
    names = titles(document)
    state = ref.split("/", 1)[0]
    context = {
        "kind": slot.key,
        "kind_title": KINDS[slot.key],
        "state": state,
        "state_title": names.get(state, state),
        "target_title": " and ".join(names.get(target, target) for target in targets_of(transition)),
        "words": words(slot.key, transition),
        "editor": editor or actions.show(transition.get("actions") or [], "actions", "Actions, in order"),
    }
    return Panel("designer/_transition.html", ref, form or transition_form(document, slot.key, transition), context)


def activity_form(document: Mapping[str, Any], kind: str, activity: dict[str, Any], posted: Any = None) -> ActivityForm:
    return ActivityForm(posted, initial=initial_of(activity), kind=kind, states=choices(document))


def activity_panel(machine: Machine, ref: str, form: ActivityForm | None = None) -> Panel:
    document = machine.draft
    slot = edits.find_activity(document, ref)
    activity = slot.items[slot.position]
    state = ref.split("/", 1)[0]
    results = [
        {"ref": f"{ref}/onDone/{index}", "target": " and ".join(targets_of(node))}
        for index, node in enumerate(activity.get("onDone") or [])
    ]
    context = {
        "state": state,
        "state_title": titles(document)[state],
        "title": activity.get("title", ""),
        "results": results,
    }
    return Panel(
        "designer/_activity.html",
        ref,
        form or activity_form(document, str(activity.get("kind", "http")), activity),
        context,
    )


def new_state_panel(machine: Machine, parent: str, form: NewStateForm | None = None) -> Panel:
    shown = form or NewStateForm(initial={"parent": parent, "type": "atomic"}, parents=choices(machine.draft))
    return Panel("designer/_new_state.html", parent, shown)


def new_transition_panel(
    machine: Machine,
    owner: str,
    kind: str,
    form: TransitionForm | None = None,
    editor: actions.ActionList | None = None,
) -> Panel:
    """The form of a transition that is not there yet; `owner` is a state or an activity's ref."""
    kind = kind if kind in KINDS else "on"
    state = owner.split("/", 1)[0]
    names = titles(machine.draft)
    context = {
        "kind": kind,
        "kind_title": KINDS[kind],
        "owner": owner,
        "owners": choices(machine.draft),
        "state": state,
        "state_title": names.get(state, state),
        "editor": editor or actions.show([], "actions", "Actions, in order"),
    }
    return Panel("designer/_new_transition.html", state, form or transition_form(machine.draft, kind, {}), context)


def new_activity_panel(machine: Machine, state: str, kind: str, form: ActivityForm | None = None) -> Panel:
    context = {"state": state, "state_title": titles(machine.draft).get(state, state)}
    shown = form or activity_form(machine.draft, kind, {"kind": kind})
    return Panel("designer/_new_activity.html", state, shown, context)


def new_panel(machine: Machine, what: str, ref: str, kind: str) -> Panel:
    """The form for adding a state, a transition or an activity to what is selected."""
    selection = select(machine.draft, ref)
    if what == "transition" and machine.draft.get("states"):
        fallback = next(iter(machine.draft["states"]))
        owner = selection.ref if selection.kind == "activity" else selection.state or fallback
        return new_transition_panel(machine, owner, kind)
    if what == "activity" and selection.state:
        return new_activity_panel(machine, selection.state, kind)
    parent = (
        selection.state
        if selection.state
        and type_of(edits.find_state(machine.draft, selection.state).state) in ("compound", "parallel")
        else ""
    )
    return new_state_panel(machine, parent)


def current_panel(machine: Machine, ref: str) -> Panel:
    return panel_of(machine, select(machine.draft, ref) if ref else CHART)
