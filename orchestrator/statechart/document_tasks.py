"""A state that is a DAG of activities: each task becomes a region which waits, runs its activity, and is done."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.statechart.definition import Chart, Initial, State, Task, Transition
from orchestrator.statechart.document_activities import TASK_KEYS, activity_of
from orchestrator.statechart.document_ways import failure_of
from orchestrator.statechart.reading import KEY, DocumentError, Node, readable

MAX_TASKS = 100


def tasks_of(node: Node) -> tuple[Task, ...]:
    """The tasks of a state with what each comes after. Raises DocumentError for an unknown name and for a circle."""
    found = []
    listed = node.mapping("tasks")
    if len(listed) > MAX_TASKS:
        raise DocumentError(node.at("tasks"), f"has {len(listed)} tasks; at most {MAX_TASKS} fit one state")
    for name, item in listed.items():
        path = f"{node.at('tasks')}/{name}"
        if not KEY.fullmatch(name):
            raise DocumentError(path, "use letters, digits, “_”, “-” and “.” for the name of a task, 80 at most")
        task = Node(item, path, TASK_KEYS | {"after"}, "a task")
        after = task.texts("after", 80)
        unknown = next((other for other in after if other not in listed), None)
        if unknown is not None:
            raise DocumentError(task.at("after"), f"there is no task “{unknown}” in this state; name another")
        found.append(Task(name, after))
    _refuse_circle(node, found)
    return tuple(found)


def _refuse_circle(node: Node, tasks: list[Task]) -> None:
    waiting, done = {task.name: set(task.after) for task in tasks}, set[str]()
    while ready := [name for name, after in waiting.items() if after <= done]:
        done.update(ready)
        for name in ready:
            del waiting[name]
    if waiting:
        names = ", ".join(waiting)
        raise DocumentError(node.at("tasks"), f"the tasks {names} wait for one another; break the circle")


def regions_of(key: str, node: Node, tasks: tuple[Task, ...]) -> dict[str, State]:
    """The states of the tasks of state `key`, in document order."""
    found: dict[str, State] = {}
    for task in tasks:
        entry = Node(node.mapping("tasks")[task.name], f"{node.at('tasks')}/{task.name}", None, "a task")
        found.update(_region(key, task, entry))
    return found


def _region(key: str, task: Task, entry: Node) -> dict[str, State]:
    region = f"{key}.{task.name}"
    waiting, running, done = f"{region}.waiting", f"{region}.running", f"{region}.done"
    if not KEY.fullmatch(waiting):
        raise DocumentError(entry.path, f"the key “{region[:60]}…” made of state and task is too long; shorten one")
    title = entry.optional("title", 200) or readable(task.name)
    activity = replace(activity_of(f"{running}/invoke/0", entry, region, _no_child), title=title)
    ended = Transition(
        f"{running}/invoke/0/onDone/0", running, "activity-done", (f"done.invoke.{activity.id}",), (done,)
    )
    ways = (ended, *failure_of(entry, running, activity))
    states = [
        State(running, "atomic", "Running", parent=region, transitions=ways, activities=(activity,)),
        State(done, "final", "Done", parent=region),
    ]
    if task.after:
        guard = " && ".join(f"In('{key}.{other}.done')" for other in task.after)
        ready = Transition(f"{waiting}/always/0", waiting, "always", targets=(running,), guard=guard)
        states.insert(0, State(waiting, "atomic", "Waiting", parent=region, transitions=(ready,)))
    inside = tuple(state.id for state in states)
    whole = State(region, "compound", title, parent=key, children=inside, initial=Initial(inside[:1]))
    return {state.id: state for state in (whole, *states)}


def _no_child(node: Node) -> Chart:
    raise DocumentError(node.path, "a task has no chart of its own; name one in input.src")
