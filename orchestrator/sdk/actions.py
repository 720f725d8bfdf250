"""What a machine in code does on its way: one function for each action of the document."""

from __future__ import annotations

from orchestrator.sdk.declaring import Duration, Fragment, part
from orchestrator.statechart.definition import JSON


class Action(Fragment):
    """One action, made by the functions of this module."""


class Branch(Fragment):
    """One way through `choose`, made by `when` and `otherwise`."""


def assign(to: str, expr: str) -> Action:
    """Set `context.<to>`, which may be a path such as `order.lines[0].price`, to the value of a CEL expression."""
    return Action(part(type="assign", to=to, expr=expr))


def raise_event(event: str, data: JSON = None) -> Action:
    """Put an event on the internal queue, before any that comes from outside."""
    return Action(part(type="raise", event=event, data=data))


def send(
    event: str,
    data: JSON = None,
    *,
    delay: Duration | None = None,
    id: str | None = None,
    target: str | None = None,
    id_to: str | None = None,
) -> Action:
    """Send an event to this instance or to `target` (`#_parent`, `#_<invoke id>` ...), after `delay` when given.

    `id` lets `cancel` stop it; `id_to` names the context key which receives the id. Texts may hold `${CEL}`.
    """
    return Action(part(type="send", event=event, data=data, delay=delay, id=id, target=target, id_to=id_to))


def emit(event: str, topic: str, data: JSON = None, *, key: str | None = None) -> Action:
    """Publish an event to a topic; those of one `key` keep their order. Texts may hold `${CEL}`."""
    return Action(part(type="emit", event=event, topic=topic, data=data, key=key))


def cancel(id: str) -> Action:
    """Stop the delayed event that was sent under this id."""
    return Action(part(type="cancel", id=id))


def log(expr: str, label: str | None = None) -> Action:
    """Write the value of a CEL expression into the journal."""
    return Action(part(type="log", expr=expr, label=label))


def compensate() -> Action:
    """Undo completed activities, last first; `done.compensate` follows when all are undone."""
    return Action(part(type="compensate"))


def choose(*branches: Branch) -> Action:
    """Run the first branch whose guard holds: `choose(when("context.n > 1", log("'many'")), otherwise(...))`."""
    return Action(part(type="choose", branches=branches))


def when(guard: str, *actions: Action) -> Branch:
    """A branch of `choose` which is taken while its guard, a CEL expression, is true."""
    return Branch(part(guard=guard, actions=actions))


def otherwise(*actions: Action) -> Branch:
    """The last branch of `choose`, taken when no other one is."""
    return Branch(part(actions=actions))


def for_each(items: str, *actions: Action, item: str | None = None, index: str | None = None) -> Action:
    """Run the actions for every item of a list; `item` and `index` name it in the context."""
    return Action(part(type="forEach", items=items, item=item, index=index, actions=actions))


def block(*actions: Action) -> Action:
    """Actions whose failure ends this block alone; what follows it still runs."""
    return Action(part(type="block", actions=actions))
