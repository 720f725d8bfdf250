"""The activities of a machine in code: what is done, how often it is tried, what undoes it, and where it leads."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict, Unpack

from orchestrator.sdk.actions import Action
from orchestrator.sdk.activities import name_of
from orchestrator.sdk.declaring import Document, Duration, Fragment, MachineError, part, plain, refuse_unknown
from orchestrator.statechart.definition import JSON
from orchestrator.statechart.reading import readable

Policy = Literal["fail", "skip", "compensate", "escalate"]


class Keyed(Protocol):
    """A state, of which only its key is needed here."""

    @property
    def key(self) -> str: ...


Target = str | Keyed | Sequence[str | Keyed]
Work = str | Callable[..., Any]  # a kind such as `http`, or a callable under `@activity`


class Way(Fragment):
    """Where something leads, made by `to`."""


class Retries(Fragment):
    """When a failed activity is tried again, made by `retry`."""


class Undo(Fragment):
    """The activity that undoes another one, made by `undo`."""


class FanOut(Fragment):
    """Doing an activity for each item of a list, made by `fan_out`."""


class WayOptions(TypedDict, total=False):
    """What a transition may have: a CEL guard, actions, and `internal`, which stays in the source where it can."""

    guard: str
    actions: Sequence[Action]
    internal: bool
    meta: Mapping[str, JSON]


class ActivityOptions(TypedDict, total=False):
    """What an activity may have. `input` holds the arguments of a callable; its texts may hold `${CEL}`.

    `result` names the context key which receives the result. `on_failure` is a policy, or with `to(...)` the way on.
    """

    title: str
    input: Mapping[str, JSON]
    result: str
    timeout: Duration
    retry: Retries
    on_failure: Policy | Way
    compensate: Undo | Callable[..., Any]
    idempotency_key: str
    map: FanOut


def to(target: Target | None = None, **options: Unpack[WayOptions]) -> Way:
    """A way on: `on_done=to("paid", guard="event.ok")`; without a target its actions run and no state is left."""
    refuse_unknown(options, WayOptions.__annotations__, "A transition")
    return Way(part(target=None if target is None else names_of(target), **options))


def names_of(target: Target) -> str | list[str]:
    """The keys of the states that are aimed at."""
    if isinstance(target, Sequence) and not isinstance(target, str):
        return [one if isinstance(one, str) else one.key for one in target]
    return target if isinstance(target, str) else target.key


def retry(
    max_attempts: int | None = None,
    *,
    interval: Duration | None = None,
    backoff: float | None = None,
    max_interval: Duration | None = None,
    jitter: bool | None = None,
    errors: Sequence[str] | None = None,
) -> Retries:
    """Try again after `interval`, which grows by `backoff`; `errors` are the classes to retry, by default all."""
    times = part(interval=interval, backoff=backoff, max_interval=max_interval, jitter=jitter, errors=errors)
    return Retries(part(max_attempts=max_attempts) | times)


def undo(
    what: Work,
    *,
    input: Mapping[str, JSON] | None = None,
    title: str | None = None,
    timeout: Duration | None = None,
    retry: Retries | None = None,
) -> Undo:
    """The activity that undoes a completed one; its input may also read `${result}` of what it undoes."""
    return Undo(work_of(what, input) | part(title=title, timeout=timeout, retry=retry))


def fan_out(items: str, *, max_concurrency: int | None = None, tolerated_failures: int | None = None) -> FanOut:
    """Do the activity for each item of a CEL list; its input then also reads `${item}` and `${index}`."""
    return FanOut(part(items=items, max_concurrency=max_concurrency, tolerated_failures=tolerated_failures))


def activity_of(what: Work, options: ActivityOptions) -> Document:
    """An activity as it stands in the document. Raises MachineError."""
    more = dict(options)
    given, failure, undoing = options.get("input"), more.pop("on_failure", None), more.pop("compensate", None)
    more.pop("input", None)
    if undoing is not None and not isinstance(undoing, Undo):
        undoing = undo(options["compensate"])  # type: ignore[arg-type]  # a callable
    if isinstance(failure, Way):
        failure = {"policy": "catch", **failure.document}
    elif failure is not None:
        failure = {"policy": failure}
    return work_of(what, given) | part(**more, on_failure=failure, compensate=undoing)


def work_of(what: Work, given: Mapping[str, JSON] | None) -> Document:
    """Kind and input, and for a callable also its title. Raises MachineError for arguments it does not take."""
    if isinstance(what, str):
        return part(kind=what, input=given)
    arguments: Document = plain(given or {})
    try:
        name = name_of(what)
        inspect.signature(what).bind(**arguments)
    except LookupError as error:
        raise MachineError(str(error.args[0])) from None
    except TypeError as error:
        raise MachineError(f"{name}{inspect.signature(what)}: {error}; give its arguments in `input`.") from None
    return part(kind="python", title=readable(name), input={"callable": name, "args": arguments})
