"""Every change of a draft as a pure function from document to document; what a form does is one of these."""

from designer.edits.activities import add_activity, delete_activity, update_activity
from designer.edits.chart import update_chart
from designer.edits.states import add_state, delete_state, doomed_transitions, move_state, rename_state, update_state
from designer.edits.transitions import add_transition, delete_transition, update_transition
from designer.edits.tree import (
    Document,
    EditError,
    children_of,
    find_activity,
    find_state,
    find_transition,
    initial_of,
    state_ids,
)

__all__ = [
    "Document",
    "EditError",
    "add_activity",
    "add_state",
    "add_transition",
    "children_of",
    "delete_activity",
    "delete_state",
    "delete_transition",
    "doomed_transitions",
    "find_activity",
    "find_state",
    "find_transition",
    "initial_of",
    "move_state",
    "rename_state",
    "state_ids",
    "update_activity",
    "update_chart",
    "update_state",
    "update_transition",
]
