"""Every code of a problem, once: how severe it is and what it is called. Its page is `docs/problems/<code>.md`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Code:
    """What holds for every problem of one code."""

    severity: Severity
    title: str


ERRORS: Mapping[str, str] = {
    "malformed": "The document cannot be read",
    "no-states": "The chart has no states",
    "no-initial": "It is not said where to begin",
    "unknown-initial": "The initial state does not exist here",
    "unknown-target": "A target does not exist",
    "apart": "Targets that cannot be active together",
    "no-children": "A compound or parallel state is empty",
    "has-children": "A plain state holds states",
    "final-goes-on": "A final state has ways out or activities",
    "final-region": "A final state is a region",
    "output-nowhere": "Only a final state has an output",
    "expected-nowhere": "No instance waits in this state",
    "history-outside": "A history state has nothing to remember",
    "history-content": "A history state has more than its default",
    "history-target": "The default of a history state lies elsewhere",
    "does-nothing": "A transition has neither target nor actions",
    "endless": "An automatic transition runs without end",
    "duration": "A duration cannot be read",
    "same-id": "Two activities share an id",
    "unknown-kind": "There is no such kind of activity",
    "missing-input": "An activity lacks an input",
    "secret-place": "A secret stands where none is put in",
    "task-form": "The form of a task cannot be shown",
    "catch-nowhere": "A caught failure leads nowhere",
    "long-attempt": "One attempt may last too long",
    "send-target": "An event is sent to where nothing is delivered",
    "expression": "An expression does not compile",
    "type-error": "An expression does not fit the context schema",
    "unknown-property": "The context schema has no such key",
    "unknown-state": "In() names no state of the chart",
    "schema": "The context schema cannot be read",
    "context-type": "The context does not fit its schema",
    "silence-error": "An error cannot be silenced",
}
WARNINGS: Mapping[str, str] = {
    "unreachable": "A state can never be reached",
    "dead-end": "A state cannot be left",
    "never-done": "A state can never be done",
    "history-default": "A history state has no default",
    "shadowed": "A transition or branch can never be taken",
    "overlap": "Two guards hold at once",
    "gap": "No guard holds",
    "impossible-guard": "A guard can never hold",
    "catch-all": "A catch-all swallows failures",
    "reserved-event": "An event has a name that only the engine uses",
    "never-sent": "Nothing sends this event",
    "unknown-send": "Nothing is sent under this id",
    "same-context": "A context key is set in two places",
    "type-doubt": "An expression does not fit the context",
    "unknown-name": "Nothing sets this context key",
    "no-timeout": "An instance may wait for ever",
    "no-retry": "One failure stops the instance",
    "no-compensation": "A side effect that cannot be undone",
    "no-idempotency-key": "A repeated request cannot be recognised",
    "shared-key": "All instances share one idempotency key",
    "compensation-no-retry": "A compensation is tried only once",
    "unbounded-loop": "A loop has no bound",
    "escalation-no-owner": "An escalation calls nobody",
    "expected-over-timeout": "The timeout comes before the expected time",
    "activity-over-timeout": "The state is left before an attempt can end",
    "retry-over-timeout": "The state is left before the last attempt",
    "silence-unused": "A silence that silences nothing",
}
CODES: Mapping[str, Code] = {
    **{code: Code("error", title) for code, title in ERRORS.items()},
    **{code: Code("warning", title) for code, title in WARNINGS.items()},
}
