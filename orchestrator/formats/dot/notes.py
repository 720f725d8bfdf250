"""What a picture in another tool's language does not carry."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.formats.fidelity import Note
from orchestrator.statechart.definition import Activity, Chart, Initial, State, Transition


def picture_notes(chart: Chart, described: bool) -> Iterator[Note]:
    """How a drawing of the chart differs from it; `described` says that descriptions are drawn."""
    yield Note("changed", "", "the chart", "is a drawing: guards and actions are words in labels, which no tool runs")
    values = {"context": chart.context, "contextSchema": chart.context_schema, "owner": chart.owner}
    more = {"silence": chart.silenced, "meta": chart.meta, "binding": chart.binding == "late"}
    told = {} if described else {"description": chart.description}
    yield from _lost("", {**told, **values, **more})
    yield from _begins(chart, "", chart.initial)
    for state in chart.states.values():
        yield from _of_state(chart, state, described)


def _of_state(chart: Chart, state: State, described: bool) -> Iterator[Note]:
    path = f"states/{state.id}"
    told = {} if described else {"description": state.description}
    kept = {"context": state.context, "output": state.output is not None, "owner": state.owner, "meta": state.meta}
    yield from _lost(path, {**told, **kept})
    if state.tasks:
        yield Note("changed", path, "tasks", "are drawn as the regions that run them")
    yield from _begins(chart, path, state.initial)
    for way in state.transitions:
        yield from _of_way(chart, way)
    for activity in state.activities:
        yield from _of_activity(activity)


def _of_way(chart: Chart, way: Transition) -> Iterator[Note]:
    path = f"states/{way.ref}"
    yield from _lost(path, {"internal": way.internal, "meta": way.meta})
    yield from _several(chart, path, way.targets)


def _begins(chart: Chart, path: str, initial: Initial | None) -> Iterator[Note]:
    if initial is not None:
        yield from _several(chart, f"{path}/initial".lstrip("/"), initial.targets)


def _several(chart: Chart, path: str, targets: tuple[str, ...]) -> Iterator[Note]:
    unknown = [target for target in targets if target not in chart.states]
    if unknown:
        yield Note("lost", path, "target", f"there is no state {', '.join(unknown)} to draw an arrow to")
    if len(targets) > 1:
        yield Note("changed", path, "targets", "are drawn as an arrow each, as if one of them were chosen")


def _of_activity(activity: Activity) -> Iterator[Note]:
    """Title and kind are drawn; the result's way on is a transition of its own."""
    plain = Activity(activity.ref, activity.id, activity.kind, activity.title)
    names = ("input", "result", "timeout", "retry", "on_failure", "compensation", "idempotency_key", "map", "chart")
    yield from _lost(
        f"states/{activity.ref}",
        {
            name: getattr(activity, name) != getattr(plain, name)
            for name in (*names, "finalize", "autoforward", "id_to")
        },
    )


def _lost(path: str, values: dict[str, object]) -> Iterator[Note]:
    for name, value in values.items():
        if value:
            yield Note("lost", path, name, "is not drawn")
