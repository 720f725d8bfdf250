"""A state that is a DAG of activities: each task becomes a region which waits, runs its activity, and is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.statechart.definition import Activity, Chart, Initial, Limits, State, Task, Transition
from orchestrator.statechart.document_activities import TASK_KEYS, activity_of
from orchestrator.statechart.document_ways import failure_of
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import KEY, DocumentError, Node, readable

MAX_TASKS = 100
LIMIT_KEYS = frozenset({"maxConcurrency", "toleratedFailures"})


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


def limits_of(node: Node) -> Limits:
    """How many tasks of a state may run together and may fail. Raises DocumentError for a state without tasks."""
    given = next((key for key in sorted(LIMIT_KEYS) if key in node.value), None)
    if given is None:
        return Limits()
    if not node.mapping("tasks"):
        raise DocumentError(node.at(given), "belongs to a state with tasks; remove it")
    most = node.whole("maxConcurrency", MAX_TASKS, 1, MAX_TASKS) if "maxConcurrency" in node.value else None
    return Limits(most, node.whole("toleratedFailures", 0, 0, MAX_TASKS))


def regions_of(key: str, node: Node) -> dict[str, State]:
    """The states that are made from the tasks of state `key`, in document order."""
    found: dict[str, State] = {}
    tasks, limits = tasks_of(node), limits_of(node)
    dag = _Dag(key, node, tuple(task.name for task in tasks), limits)
    for task in tasks:
        entry = Node(node.mapping("tasks")[task.name], f"{node.at('tasks')}/{task.name}", None, "a task")
        found.update(_region(dag, task, entry))
    return found


@dataclass(frozen=True, slots=True)
class _Dag:
    """What the tasks of a state ask of one another; `names` are theirs in document order."""

    key: str
    node: Node
    names: tuple[str, ...]
    limits: Limits

    def all_done(self, task: Task) -> str:
        return " && ".join(f"In('{self.key}.{other}.done')" for other in task.after)

    def lacks(self, task: Task) -> str:
        """Whether something that the task comes after will never be done."""
        return f"{self._which(task.after, 'failed', 'skipped')}.size() > 0"

    def has_room(self, task: Task) -> str:
        """Whether fewer run than may, counting those of the same micro step that come first."""
        at = self.names.index(task.name)
        before, behind = self.names[:at], self.names[at + 1 :]
        busy = f"{self._which(before, 'running', 'ready')}.size() + {self._which(behind, 'running')}.size()"
        return self._short("maxConcurrency", f"{busy} < {self.limits.max_concurrency}")

    def tolerates(self) -> str:
        """Whether one more task may fail."""
        failed = self._which(self.names, "failed")
        return self._short("toleratedFailures", f"{failed}.size() < {self.limits.tolerated_failures}")

    def _which(self, names: tuple[str, ...], *states: str) -> str:
        """An expression for those of the tasks that are in one of these states."""
        listed = ",".join(f"'{name}'" for name in names)
        either = " || ".join(f"In('{self.key}.' + t + '.{state}')" for state in states)
        return f"[{listed}].filter(t, {either})"

    def _short(self, limit: str, guard: str) -> str:
        if len(guard) > MAX_LENGTH:
            message = f"needs a guard of {len(guard)} characters, {MAX_LENGTH} at most; give the tasks shorter names"
            raise DocumentError(self.node.at(limit), message)
        return guard


def _region(dag: _Dag, task: Task, entry: Node) -> dict[str, State]:
    region = f"{dag.key}.{task.name}"
    running = f"{region}.running"
    if not KEY.fullmatch(f"{region}.waiting"):
        raise DocumentError(entry.path, f"the key “{region[:60]}…” made of state and task is too long; shorten one")
    title = entry.optional("title", 200) or readable(task.name)
    activity = replace(activity_of(f"{running}/invoke/0", entry, region, _no_child), title=title)
    ways = tuple(_ways(dag, region, entry, activity))
    states = [
        *_before(dag, task, region),
        State(running, "atomic", "Running", parent=region, transitions=ways, activities=(activity,)),
        *_ends(dag, task, region, activity),
    ]
    inside = tuple(state.id for state in states)
    whole = State(region, "compound", title, parent=dag.key, children=inside, initial=Initial(inside[:1]))
    return {state.id: state for state in (whole, *states)}


def _before(dag: _Dag, task: Task, region: str) -> Iterator[State]:
    """Where a task waits for others, and then for its turn when not all may run together."""
    waiting, ready, running = f"{region}.waiting", f"{region}.ready", f"{region}.running"
    limited = dag.limits.max_concurrency is not None
    if task.after:
        next_one = ready if limited else running
        ways = [Transition(f"{waiting}/always/0", waiting, "always", targets=(next_one,), guard=dag.all_done(task))]
        if dag.limits.tolerated_failures:
            skipped = (f"{region}.skipped",)
            ways.append(Transition(f"{waiting}/always/1", waiting, "always", targets=skipped, guard=dag.lacks(task)))
        yield State(waiting, "atomic", "Waiting", parent=region, transitions=tuple(ways))
    if limited:
        begin = Transition(f"{ready}/always/0", ready, "always", targets=(running,), guard=dag.has_room(task))
        yield State(ready, "atomic", "Ready", parent=region, transitions=(begin,))


def _ways(dag: _Dag, region: str, entry: Node, activity: Activity) -> Iterator[Transition]:
    """How the activity of a task ends; what is tolerated comes before the failure policy."""
    running = f"{region}.running"
    if _may_fail(dag, activity):
        failed, event = (f"{region}.failed",), (f"error.invoke.{activity.id}",)
        yield Transition(f"{running}/on/0", running, "on", event, failed, guard=dag.tolerates())
    done, event = (f"{region}.done",), (f"done.invoke.{activity.id}",)
    yield Transition(f"{activity.ref}/onDone/0", running, "activity-done", event, done)
    yield from failure_of(entry, running, activity)


def _ends(dag: _Dag, task: Task, region: str, activity: Activity) -> Iterator[State]:
    yield State(f"{region}.done", "final", "Done", parent=region)
    if _may_fail(dag, activity):
        yield State(f"{region}.failed", "final", "Failed", parent=region)
    if dag.limits.tolerated_failures and task.after:
        yield State(f"{region}.skipped", "final", "Skipped", parent=region)


def _may_fail(dag: _Dag, activity: Activity) -> bool:
    """Whether a failure can be tolerated; a task that says itself what a failure leads to is left to that."""
    return dag.limits.tolerated_failures > 0 and activity.on_failure == "fail"


def _no_child(node: Node) -> Chart:
    raise DocumentError(node.path, "a task has no chart of its own; name one in input.src")
