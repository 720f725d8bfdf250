"""What would call somebody at night is told while the chart is drawn: each rule where it holds, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.statechart.checks.waiting import waiting_time
from orchestrator.statechart.definition import Retry
from tests.statechart.problems import codes, problems
from tests.statechart.support import Document, assign, call, document, on, undo

END: Document = {"end": {"type": "final"}}
LATER: Document = {"after": [{"delay": "P1D", "target": "end"}]}


def told(code: str, states: Document, **more: Any) -> list[str]:
    """The paths at which a chart has this problem."""
    return [path for found, path in codes({**states, **END}, **more) if found == code]


def http(key: str, **more: Any) -> Document:
    asked = {"url": "https://example.com", "method": more.pop("method", "POST")}
    return {"id": key, "kind": "http", "input": asked, "retry": {"maxAttempts": 3}, **more}


WAITS: Document = {"on": [on("e", "end")]}
REMIND: Document = {"type": "send", "event": "late", "delay": "PT1H"}


@pytest.mark.parametrize(
    "state",
    [
        WAITS,
        {**WAITS, "on": [on("e", "end", guard="event.x")]},
        {**WAITS, "always": [{"guard": "context.n > 1", "target": "end"}]},
        {**WAITS, "invoke": [call("c")]},
        {**WAITS, "entry": [REMIND]},
        {**WAITS, "on": [on("e", "end"), on("late", "end")], "entry": [{**REMIND, "delay": None}]},
    ],
)
def test_a_state_that_waits_for_an_event_needs_a_bound(state: Document) -> None:
    assert told("no-timeout", {"a": state}) == ["a/expectedWithin"]


@pytest.mark.parametrize(
    "state",
    [
        {**WAITS, **LATER},
        {**WAITS, "expectedWithin": "P1D"},
        {**WAITS, "after": [{"delay": "P1D", "actions": [assign("n", "1")]}]},
        {**WAITS, "on": [on("e", "end"), on("late", "end")], "entry": [REMIND]},
        {**WAITS, "invoke": [call("c", onDone=[{"target": "end"}])]},
        {**WAITS, "always": [{"target": "end"}]},
        {"on": [on("e", actions=[assign("n", "1")])]},
        {"on": [on("done.invoke.c", "end")], "invoke": [call("c")]},
        {"entry": [{"type": "compensate"}], "on": [on("done.compensate", "end")]},
    ],
)
def test_a_state_is_bounded_by_time_or_by_what_comes_by_itself(state: Document) -> None:
    assert told("no-timeout", {"a": state}) == []


def test_the_bound_may_stand_in_a_state_around_and_an_unreachable_state_needs_none() -> None:
    inner = {"initial": "b", "states": {"b": WAITS, "c": WAITS}}
    assert told("no-timeout", {"a": inner}) == ["b/expectedWithin"]
    assert told("no-timeout", {"a": {**inner, **LATER}}) == []
    assert told("no-timeout", {"a": {**inner, "expectedWithin": "P1D"}}) == []


def test_the_expected_time_must_pass_before_the_timeout() -> None:
    def late(expected: str, *ways: Document, **more: Any) -> list[str]:
        return told("expected-over-timeout", {"a": {"expectedWithin": expected, "after": list(ways), **more}})

    way = {"delay": "PT1H", "target": "end"}
    assert late("PT2H", way) == late("PT1H", way) == ["a/expectedWithin"]
    assert late("PT30M", way) == late("${now}", way) == []
    assert late("PT2H", {**way, "guard": "context.n > 1"}) == []
    inner = {"initial": "b", "after": [way], "states": {"b": {"expectedWithin": "PT2H"}}}
    assert told("expected-over-timeout", {"a": inner}) == ["b/expectedWithin"]


def test_an_attempt_and_its_retries_must_fit_into_the_timeout() -> None:
    def outlasting(**more: Any) -> list[tuple[str, str]]:
        state = {"invoke": [call("c", **more)], "after": [{"delay": "PT10M", "target": "end"}]}
        return [pair for pair in codes({"a": state, **END}) if pair[0].endswith("over-timeout")]

    assert outlasting(timeout="PT11M") == [("activity-over-timeout", "a/invoke/0/timeout")]
    assert outlasting(timeout="PT10M") == outlasting(timeout="${context.x}") == []
    retry = {"maxAttempts": 3, "interval": "PT5M", "backoff": 1, "jitter": False}
    assert outlasting(retry=retry) == []
    assert outlasting(retry={**retry, "maxAttempts": 4}) == [("retry-over-timeout", "a/invoke/0/retry")]
    assert outlasting(retry={**retry, "maxAttempts": 4, "jitter": True}) == []


def test_the_time_of_all_waits_is_their_sum() -> None:
    assert waiting_time(Retry(1)) == 0
    assert waiting_time(Retry(4, "PT1S", 2.0, "PT1H", jitter=False)) == 1 + 2 + 4
    assert waiting_time(Retry(4, "PT1S", 2.0, "PT3S", jitter=False)) == 1 + 2 + 3
    assert waiting_time(Retry(4, "PT1S", 2.0, "PT3S")) == 3
    assert waiting_time(Retry(1_000, "PT1S", 100.0, "PT1S", jitter=False)) == 999
    assert waiting_time(Retry(4, "soon")) == 0


def test_an_activity_without_retry_and_without_a_policy_is_told() -> None:
    done = {"onDone": [{"target": "end"}]}
    assert told("no-retry", {"a": {"invoke": [call("c", **done)]}}) == ["a/invoke/0/retry"]
    assert told("no-retry", {"a": {"invoke": [call("c", retry={"maxAttempts": 2}, **done)]}}) == []
    for policy in ("skip", "compensate", "escalate"):
        assert told("no-retry", {"a": {"invoke": [call("c", onFailure={"policy": policy}, **done)]}}) == []


def test_a_compensation_that_is_tried_once_is_told() -> None:
    assert told("compensation-no-retry", {"a": {"invoke": [call("c", compensate=undo("c"))]}}) == []
    once = undo("c", retry={"maxAttempts": 1})
    assert told("compensation-no-retry", {"a": {"invoke": [call("c", compensate=once)]}}) == ["a/invoke/0/compensate"]


def test_what_may_be_undone_later_needs_a_compensation() -> None:
    def saga(first: Document, second: Document) -> list[str]:
        states = {
            "a": {"invoke": [{**first, "onDone": [{"target": "b"}]}]},
            "b": {"invoke": [{**second, "onDone": [{"target": "end"}]}]},
        }
        return told("no-compensation", states)

    fails = call("d", onFailure={"policy": "compensate"})
    assert saga(call("c"), fails) == ["a/invoke/0/compensate"]
    assert saga(call("c", compensate=undo("c")), fails) == []
    assert saga(call("c"), call("d")) == []
    assert saga(fails, call("c")) == []
    assert saga(http("c", method="GET"), fails) == []
    assert saga(http("c"), fails) == ["a/invoke/0/compensate"]
    email = {"kind": "email", "input": {"to": "a@example.com", "subject": "s", "text": "t"}}
    assert saga(email, fails) == []


def test_undoing_may_also_begin_by_an_action_anywhere_on_the_way() -> None:
    compensate = [{"type": "compensate"}]
    for undoing in ({"entry": compensate, **WAITS}, {"on": [on("e", "end", actions=compensate)]}):
        states = {"a": {"invoke": [call("c", onDone=[{"target": "b"}])]}, "b": undoing}
        assert told("no-compensation", states) == ["a/invoke/0/compensate"]


def test_a_request_that_is_sent_anew_when_its_state_is_entered_again_needs_a_key() -> None:
    def again(activity: Document) -> list[str]:
        states = {"a": {"invoke": [{**activity, "onDone": [{"target": "b"}]}]}, "b": {"on": [on("e", "a")]}}
        return told("no-idempotency-key", states)

    assert again(http("c")) == ["a/invoke/0/idempotencyKey"]
    assert again(http("c", idempotencyKey="${instance.key}")) == []
    assert again(http("c", method="put")) == again(call("c")) == []
    assert told("no-idempotency-key", {"a": {"invoke": [http("c", onDone=[{"target": "end"}])]}}) == []
    inner = {"initial": "b", "states": {"b": {"invoke": [http("c")]}}, "on": [on("e", "a"), on("f", "end")]}
    assert told("no-idempotency-key", {"a": inner}) == ["b/invoke/0/idempotencyKey"]


def test_a_key_that_all_instances_share_is_told() -> None:
    assert told("shared-key", {"a": {"invoke": [http("c", idempotencyKey="pay")]}}) == ["a/invoke/0/idempotencyKey"]
    assert told("shared-key", {"a": {"invoke": [http("c", idempotencyKey="${instance.key}")]}}) == []


def test_an_escalation_needs_an_owner_somewhere_around() -> None:
    state: Document = {"invoke": [call("c", onFailure={"policy": "escalate"})]}
    path = ["a/invoke/0/onFailure"]
    assert told("escalation-no-owner", {"a": state}) == path
    assert told("escalation-no-owner", {"a": {**state, "owner": "Ops"}}) == []
    assert told("escalation-no-owner", {"a": state}, owner="Ops") == []
    around = {"p": {"initial": "a", "owner": "Ops", "states": {"a": state}}}
    assert told("escalation-no-owner", around) == []


def tried(*ways: Document, **failure: object) -> list[str]:
    """Whether a failure which leads to `failed` and from there on is bounded."""
    caught = call("c", retry={"maxAttempts": 3}, onFailure={"policy": "catch", "target": "failed", **failure})
    states = {"a": {"invoke": [caught], "on": [on("e", "end")]}, "failed": {"after": list(ways)}}
    return told("unbounded-loop", states, context={"n": 0, "fixed": 0})


def test_a_failure_that_leads_back_for_ever_is_told() -> None:
    back, out = {"delay": "PT1H", "target": "a"}, {"delay": "PT1H", "target": "end"}
    counting = {"actions": [assign("n", "context.n + 1")]}
    assert tried(back) == ["a/invoke/0/onFailure"]
    assert tried(out) == []
    assert tried({**back, "guard": "context.fixed < 5"}) == ["a/invoke/0/onFailure"]
    assert tried({**back, "guard": "context.n < 5"}, **counting) == []
    assert tried({**out, "guard": "context.n >= 5"}, back, **counting) == []
    assert tried({**back, "guard": "now < timestamp(context.until)"}) == []


def test_a_failure_that_waits_for_a_person_before_the_next_try_is_bounded_by_the_person() -> None:
    caught = call("c", retry={"maxAttempts": 3}, onFailure={"policy": "catch", "target": "failed"})
    assert told("unbounded-loop", {"a": {"invoke": [caught]}, "failed": {"on": [on("again", "a")]}}) == []


def test_automatic_transitions_in_a_circle_are_told_once() -> None:
    def circle(there: str | None, back: str | None, **more: Any) -> list[str]:
        ways = ({"target": "b", "guard": there}, {"target": "a", "guard": back})
        states = {key: {"always": [way], **more, "on": [on("e", "end")]} for key, way in zip("ab", ways, strict=True)}
        return told("unbounded-loop", states, context={"n": 0})

    assert circle(None, None) == ["a/always/0/guard"]
    assert circle("context.n > 1", None) == ["a/always/0/guard"]
    assert circle("context.n > 1", "context.n <= 1") == []
    assert circle("context.n > 1", "context.n > 1", exit=[assign("n", "context.n - 1")]) == []
    assert circle("In('b')", None) == []


def test_a_transition_that_raises_the_event_which_takes_it_is_told() -> None:
    again = [{"type": "raise", "event": "e.again"}]
    assert told("unbounded-loop", {"a": {"on": [on("e", actions=again)]}}) == ["a/on/0/actions"]
    assert told("unbounded-loop", {"a": {"on": [on("e", "a")], "entry": again}}) == ["a/on/0/actions"]
    assert told("unbounded-loop", {"a": {"on": [on("e", "end", actions=again)]}}) == []
    assert told("unbounded-loop", {"a": {"on": [on("e", guard="event.x", actions=again)]}}) == []


def test_events_with_the_names_of_the_engine_are_told() -> None:
    for name, wrong in (
        ("error.x", True),
        ("done.state.a", True),
        ("after.a", True),
        ("done", False),
        ("errors", False),
    ):
        for kind in ("raise", "send"):
            paths = told("reserved-event", {"a": {"entry": [{"type": kind, "event": name}]}})
            assert paths == (["a/entry"] if wrong else [])


def test_events_that_never_come_are_told() -> None:
    def waits(event: str) -> list[str]:
        return told("never-sent", {"a": {"on": [on(event, "end")], "invoke": [call("c.d")]}})

    assert waits("done.state.x") == waits("done.invoke.x") == waits("error.invoke.x.*") == ["a/on/0/event"]
    for event in (
        "done.state.a",
        "done.invoke.c.d",
        "error.invoke.c",
        "done.invoke.*",
        "done.state",
        "error",
        "done.x",
    ):
        assert waits(event) == []


def test_an_event_is_delivered_here_alone_and_stopped_by_its_own_id() -> None:
    def sends(*actions: Document) -> list[tuple[str, str]]:
        about = ("send-target", "unknown-send")
        return [pair for pair in codes({"a": {"entry": list(actions)}, **END}) if pair[0] in about]

    send: Document = {"type": "send", "event": "e"}
    assert sends(send) == sends({**send, "target": "#_internal"}) == []
    for target in ("#_child", "https://example.com", "somebody"):
        assert sends({**send, "target": target}) == [("send-target", "a/entry")]
    for target in ("#_parent", "#_scxml_7", "#_internal", "${context.to}"):
        assert sends({**send, "target": target}) == []
    stop: Document = {"type": "cancel", "id": "x"}
    assert sends(stop) == [("unknown-send", "a/entry")]
    assert sends({**send, "id": "x"}, stop) == sends({**send, "idTo": "y"}, stop) == []
    assert sends({**stop, "id": "${context.y}"}) == []


def test_child_charts_are_checked_too() -> None:
    child = document({"b": {"on": [on("e", "nowhere")]}})
    states = {"a": {"invoke": [{"id": "c", "kind": "chart", "chart": child}], **WAITS, **LATER}, **END}
    found = problems(states)
    assert [(p.code, p.path) for p in found if p.severity == "error"] == [
        ("unknown-target", "a/invoke/0/chart/b/on/0/target"),
    ]
    assert {(p.state, p.ref) for p in found if p.path.startswith("a/invoke/0/chart")} == {("a", "a/invoke/0")}


def test_problems_of_tasks_are_told_where_the_tasks_are_written() -> None:
    task: Document = {"kind": "python", "input": {"callable": "c"}}
    tasks = {"one": {**task, "timeout": "soon"}, "two": {**task, "after": "one", "retry": {"maxAttempts": 2}}}
    found = problems({"a": {"tasks": tasks, "onDone": [{"target": "end"}]}, **END})
    assert [(p.code, p.path, p.ref) for p in found] == [
        ("duration", "a/tasks/one/timeout", "a"),
        ("no-retry", "a/tasks/one/retry", "a"),
    ]
