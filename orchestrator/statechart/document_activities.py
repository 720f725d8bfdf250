"""Activities in the document, with their retry policy, their compensation and their fan-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from orchestrator.statechart.definition import Activity, Chart, Compensation, FailurePolicy, FanOut, Retry
from orchestrator.statechart.document_actions import actions_of, context_name
from orchestrator.statechart.expressions import MAX_LENGTH
from orchestrator.statechart.reading import DocumentError, Node, readable

ATTEMPT_TIMEOUT = "PT30S"
UNDO_RETRY = Retry(max_attempts=5)
MAX_FAN_OUT = 1_000  # activities started by one step
MAX_MAPPED = 10_000  # of one map
POLICY_KEYS = frozenset({"policy", "target", "guard", "actions", "internal", "meta"})
TASK_KEYS = frozenset(
    {"kind", "title", "input", "result", "timeout", "retry", "onFailure", "compensate", "idempotencyKey", "map"}
)
CHILD_KEYS = frozenset({"chart", "finalize", "autoforward", "idTo"})
ACTIVITY_KEYS = TASK_KEYS | CHILD_KEYS | {"id", "onDone"}
RETRY_KEYS = frozenset({"maxAttempts", "interval", "backoff", "maxInterval", "jitter", "errors"})
UNDO_KEYS = frozenset({"kind", "title", "input", "timeout", "retry"})
MAP_KEYS = frozenset({"items", "maxConcurrency", "toleratedFailures"})


def activity_of(ref: str, node: Node, default_id: str, parse: Callable[[Node], Chart]) -> Activity:
    """One activity; `parse` reads the chart of a child. Raises DocumentError."""
    policy = policy_of(node).text("policy", "fail")
    if policy not in get_args(FailurePolicy):
        raise DocumentError(f"{node.at('onFailure')}/policy", f"must be one of {', '.join(get_args(FailurePolicy))}")
    kind = node.required("kind", 20)
    return Activity(
        ref=ref,
        id=node.optional("id", 160) or default_id,
        kind=kind,
        title=node.optional("title", 200) or readable(kind),
        input=node.mapping("input"),
        result=node.optional("result", 80),
        timeout=node.optional("timeout", MAX_LENGTH) or ATTEMPT_TIMEOUT,
        retry=_retry(node, Retry()),
        on_failure=policy,  # type: ignore[arg-type]  # checked above
        compensation=_compensation(node),
        idempotency_key=node.optional("idempotencyKey", MAX_LENGTH),
        map=_fan_out(node),
        chart=_child(kind, node, parse),
        finalize=actions_of(node, "finalize"),
        autoforward=node.flag("autoforward"),
        id_to=context_name(node, "idTo"),
    )


def policy_of(node: Node) -> Node:
    """What an activity says of its failure."""
    return Node(node.mapping("onFailure"), node.at("onFailure"), POLICY_KEYS, "a failure policy")


def _child(kind: str, node: Node, parse: Callable[[Node], Chart]) -> Chart | None:
    if kind != "chart":
        wrong = next((key for key in sorted(CHILD_KEYS - {"idTo"}) if node.value.get(key)), None)
        if wrong is not None:
            raise DocumentError(node.at(wrong), "belongs to an activity of kind chart; remove it")
        return None
    inner = node.value.get("chart")
    return None if inner is None else parse(Node(inner, node.at("chart"), None, "a chart"))


def _retry(holder: Node, default: Retry) -> Retry:
    if not holder.value.get("retry"):
        return default
    node = Node(holder.value["retry"], holder.at("retry"), RETRY_KEYS, "a retry policy")
    return Retry(
        max_attempts=node.whole("maxAttempts", default.max_attempts, 1, 1_000),
        interval=node.text("interval", default.interval, 60),
        backoff=float(node.number("backoff", default.backoff, 1, 100)),
        max_interval=node.text("maxInterval", default.max_interval, 60),
        jitter=node.flag("jitter", default.jitter),
        errors=node.texts("errors"),
    )


def _compensation(holder: Node) -> Compensation | None:
    if not holder.value.get("compensate"):
        return None
    node = Node(holder.value["compensate"], holder.at("compensate"), UNDO_KEYS, "a compensation")
    kind = node.required("kind", 20)
    return Compensation(
        kind=kind,
        title=node.optional("title", 200) or readable(kind),
        input=node.mapping("input"),
        timeout=node.optional("timeout", MAX_LENGTH) or ATTEMPT_TIMEOUT,
        retry=_retry(node, UNDO_RETRY),
    )


def _fan_out(holder: Node) -> FanOut | None:
    if holder.value.get("map") is None:
        return None
    node = Node(holder.value["map"], holder.at("map"), MAP_KEYS, "a fan-out")
    return FanOut(
        items=node.required("items", MAX_LENGTH),
        max_concurrency=node.whole("maxConcurrency", 10, 1, MAX_FAN_OUT),
        tolerated_failures=node.whole("toleratedFailures", 0, 0, MAX_MAPPED),
    )
