"""Activities: when they start, what their results and failures lead to, and that late answers lead to nothing."""

from __future__ import annotations

import pytest

from orchestrator.statechart.effects import CancelActivity, StartActivity
from tests.statechart.support import Document, Driver, assign, call, mark, on

END: Document = {"end": {"type": "final"}}
ORDER: Document = {"order": []}
UNREADABLE: Document = {"callable": "work", "x": "${context.missing}"}


def working(then: Document | None = None, **more: object) -> Document:
    """A state that waits for the activity `work`."""
    return {"a": {"invoke": [call("work", **more)], **(then or {})}, "b": {}, **END}


def kinds(run: Driver) -> list[tuple[str, str, str]]:
    return [(incident.kind, incident.state, incident.message) for incident in run.incidents]


# starting


def test_an_activity_starts_when_its_state_was_entered_with_all_that_was_asked_for() -> None:
    states = working(
        input={"callable": "work", "n": "${context.n}"},
        timeout="${context.wait}",
        idempotencyKey="${instance.key}-work",
        retry={"maxAttempts": 4},
    )
    run = Driver(states, {"n": 3, "wait": "PT5S"})
    asked = run.asked("work")
    assert (asked.invocation, asked.activity, asked.state, asked.title) == ("work.1", "work", "a", "Call work")
    assert asked.input == {"callable": "work", "n": 3}
    assert (asked.timeout, asked.idempotency_key, asked.retry.max_attempts) == (5, "SO-7-work", 4)
    assert asked.compensates is None


def test_activities_start_after_all_else_has_settled_and_so_see_what_was_assigned() -> None:
    raised = [{"type": "raise", "event": "now"}]
    then = {"entry": raised, "on": [on("now", actions=[assign("n", "5")])]}
    run = Driver(working(then, input={"callable": "work", "n": "${context.n}"}), {"n": 1})
    assert run.asked("work").input["n"] == 5


def test_an_activity_of_a_state_that_was_left_at_once_never_starts() -> None:
    run = Driver(working({"always": [{"target": "b"}]}))
    assert (run.active, run.step.effects) == ({"b"}, ())


def test_activities_of_nested_states_start_outermost_first_and_in_document_order() -> None:
    inner = {"b": {"invoke": [call("three")]}}
    run = Driver({"a": {"initial": "b", "invoke": [call("one"), call("two")], "states": inner}})
    assert run.started == ["one.1", "two.2", "three.3"]


def test_an_invocation_is_never_used_twice() -> None:
    run = Driver(working({"on": [on("again", "a")]})).send("again")
    assert run.step.effects[0] == CancelActivity("work.1")
    assert run.started == ["work.1", "work.2"]
    assert run.step.snapshot.invocations == {"work": "work.2"}


def test_leaving_the_state_cancels_the_activity() -> None:
    run = Driver(working({"on": [on("go", "b")]})).send("go")
    assert run.step.effects == (CancelActivity("work.1"),)
    assert run.step.snapshot.invocations == {}


# results


def test_a_result_is_kept_and_leads_on_with_its_members_as_the_event() -> None:
    done = [{"target": "b", "guard": "event.n > 2", "actions": [assign("seen", "event.n")]}]
    run = Driver(working(result="kept", onDone=done)).answer("work", {"n": 3})
    assert run.active == {"b"}
    assert run.context == {"kept": {"n": 3}, "seen": 3}
    assert run.step.handled


def test_a_result_that_is_no_object_is_found_under_result() -> None:
    done = [{"target": "b", "actions": [assign("seen", "event.result + 1")]}]
    assert Driver(working(onDone=done)).answer("work", 4).context == {"seen": 5}


def test_a_result_nobody_waits_for_ends_the_activity_all_the_same() -> None:
    run = Driver(working(onDone=[{"target": "b", "guard": "false"}])).answer("work", 1)
    assert (run.active, run.step.handled, run.step.snapshot.invocations) == ({"a"}, True, {})


def test_a_state_may_also_wait_for_the_result_by_name() -> None:
    run = Driver(working({"on": [on("done.invoke.work", "b")]})).answer("work")
    assert run.active == {"b"}


@pytest.mark.parametrize("invocation", ["work.9", "", None, 5, ["work.1"], {}])
def test_an_answer_of_another_invocation_has_no_effect(invocation: str) -> None:
    run = Driver(working(result="kept", onDone=[{"target": "b"}]))
    before = run.step.snapshot
    for name in ("done.invoke.work", "error.invoke.work"):
        run.send(name, invocation=invocation, result=1)
        assert not run.step.handled
        assert run.step.snapshot == before


def test_a_late_answer_of_an_earlier_visit_has_no_effect_on_the_new_one() -> None:
    run = Driver(working({"on": [on("again", "a")]}, onDone=[{"target": "b"}])).send("again")
    run.send("done.invoke.work", invocation="work.1", result=1)
    assert (run.active, run.step.handled) == ({"a"}, False)
    assert run.answer("work").active == {"b"}


def test_an_answer_comes_but_once() -> None:
    run = Driver(working(onDone=[{"actions": [mark("done")]}]), ORDER).answer("work")
    run.send("done.invoke.work", invocation="work.1")
    assert (run.context["order"], run.step.handled) == (["done"], False)


# failure policies


def test_fail_stops_the_instance_where_it_stands_and_calls_a_person() -> None:
    run = Driver(working({"expectedWithin": "PT1H", "after": [{"delay": "PT1H", "target": "b"}]})).failure("work")
    assert (run.status, run.active, run.timers, run.deadlines) == ("failed", {"a"}, {}, {})
    assert kinds(run) == [("activity-failed", "a", "Call work: broken")]
    assert run.step.snapshot.invocations == {"work": "work.1"}
    assert not run.send("anything").step.handled


def test_skip_goes_on_as_if_it_had_ended_without_a_result() -> None:
    done = [{"target": "b", "actions": [assign("seen", "event.result")]}]
    run = Driver(working(result="kept", onFailure={"policy": "skip"}, onDone=done)).failure("work")
    assert (run.active, run.status, run.incidents) == ({"b"}, "running", [])
    assert run.context == {"seen": None}


def test_escalate_calls_a_person_and_waits_on() -> None:
    then = {"after": [{"delay": "PT1H", "target": "b"}]}
    run = Driver(working(then, onFailure={"policy": "escalate"}, onDone=[{"target": "end"}])).failure("work")
    assert (run.status, kinds(run)) == ("running", [("activity-failed", "a", "Call work: broken")])
    assert run.step.snapshot.invocations == {"work": "work.1"}
    retried = run.send("done.invoke.work", invocation="work.1", result=1)
    assert retried.status == "completed"


def test_catch_leads_on_with_the_error() -> None:
    caught = {"policy": "catch", "target": "b", "actions": [assign("why", "event")]}
    run = Driver(working(onFailure=caught)).failure("work", "no funds", "Declined")
    assert (run.active, run.incidents, run.step.snapshot.invocations) == ({"b"}, [], {})
    assert run.context == {"why": {"error": {"class": "Declined", "message": "no funds"}}}
    assert CancelActivity("work.1") not in run.step.effects


def test_a_catch_whose_guard_is_false_fails() -> None:
    run = Driver(working(onFailure={"policy": "catch", "target": "b", "guard": "event.error.class == 'X'"}))
    assert run.failure("work").status == "failed"


def test_any_state_around_may_catch_by_name_whatever_the_policy() -> None:
    for policy in ("fail", "skip", "escalate", "compensate"):
        inner = {"b": {"invoke": [call("work", onFailure={"policy": policy})]}}
        run = Driver({"a": {"initial": "b", "states": inner, "on": [on("error.invoke.work", "end")]}, **END})
        run.failure("work")
        assert (run.status, run.incidents) == ("completed", [])


def test_a_failure_without_a_message_has_the_title_alone() -> None:
    run = Driver(working())
    run.send("error.invoke.work", invocation="work.1")
    assert kinds(run) == [("activity-failed", "a", "Call work")]


# several at once


def both(**policies: Document) -> Document:
    regions = {key: {"invoke": [call(key, onFailure=policy)]} for key, policy in policies.items()}
    return {"p": {"type": "parallel", "states": regions}}


def test_when_one_fails_the_others_are_stopped_and_start_anew_with_the_retry() -> None:
    run = Driver(both(x={}, y={}, z={})).failure("y")
    assert (run.snapshot.suspended, run.activities) == (("x", "z"), {})
    run.resume()
    assert [effect.invocation for effect in run.step.effects if isinstance(effect, StartActivity)] == ["x.4", "z.5"]
    assert run.step.snapshot.invocations == {"y": "y.2", "x": "x.4", "z": "z.5"}
    assert (run.status, run.snapshot.suspended) == ("running", ())
    assert sorted(run.activities) == ["x.4", "y.2", "z.5"]


def test_an_escalated_failure_does_not_stop_the_others() -> None:
    run = Driver(both(x={"policy": "escalate"}, y={})).failure("x")
    assert (run.status, set(run.activities)) == ("running", {"y.2"})


# input that cannot be worked out


def test_input_that_cannot_be_worked_out_is_a_failure_like_any_other() -> None:
    caught = {"policy": "catch", "target": "b", "actions": [assign("why", "event.error.class")]}
    run = Driver(working(input=UNREADABLE, onFailure=caught))
    assert (run.active, run.context, run.started) == ({"b"}, {"why": "ExpressionError"}, [])
    assert len(run.step.errors) == 1


@pytest.mark.parametrize("broken", [{"input": UNREADABLE}, {"timeout": "${'x'}"}, {"idempotencyKey": "${1 / 0}"}])
def test_what_could_not_be_started_is_worked_out_anew_by_every_retry(broken: Document) -> None:
    """The runtime has no run of it which it could try again, so the instance would wait for ever."""
    run = Driver(working(**broken))
    assert (run.status, run.started, len(run.incidents)) == ("failed", [], 1)
    assert (run.step.snapshot.invocations, run.step.snapshot.suspended) == ({}, ("work",))
    assert (run.resume().status, len(run.incidents)) == ("failed", 2)


def test_what_could_not_be_started_starts_with_the_retry_once_it_can() -> None:
    run = Driver(working(input=UNREADABLE))
    assert run.mend(missing=1).resume().status == "running"
    assert run.asked("work").input["x"] == 1
    assert run.step.snapshot.invocations == {"work": run.started[0]}


def test_what_could_not_be_started_is_skipped() -> None:
    run = Driver(working(input=UNREADABLE, onFailure={"policy": "skip"}, onDone=[{"target": "end"}]))
    assert (run.status, run.incidents) == ("completed", [])


def test_what_could_not_be_started_and_is_escalated_starts_when_a_person_says_so() -> None:
    then = {"on": [on("mend", actions=[assign("missing", "1")]), on("go", "b")]}
    run = Driver(working(then, input=UNREADABLE, onFailure={"policy": "escalate"}))
    assert (run.status, len(run.incidents), run.step.snapshot.suspended) == ("running", 1, ("work",))
    assert run.resume().snapshot.suspended == ("work",)
    run.send("mend").resume()
    assert run.asked("work").input["x"] == 1
    assert run.snapshot.suspended == ()
    gone = Driver(working(then, input=UNREADABLE, onFailure={"policy": "escalate"})).send("go")
    assert gone.step.snapshot.suspended == ()


def test_a_failure_in_a_state_that_is_left_in_the_same_step_calls_nobody() -> None:
    """Two activities of parallel regions cannot start; what the second one leads to takes the first one away too."""
    regions = {
        "r": {"invoke": [call("work", input=UNREADABLE)]},
        "s": {"invoke": [call("other", input=UNREADABLE, onFailure={"policy": "catch", "target": "b"})]},
    }
    run = Driver({"p": {"type": "parallel", "states": regions}, "b": {}})
    assert (run.active, run.status, run.incidents) == ({"b"}, "running", [])
    assert run.step.effects == ()


def test_what_was_raised_before_a_failure_is_not_lost() -> None:
    """The step ends first, then the instance stops."""
    raised = {"policy": "catch", "target": "t", "actions": [{"type": "raise", "event": "told"}]}
    regions = {
        "s": {"invoke": [call("other", input=UNREADABLE, onFailure=raised)]},
        "r": {"invoke": [call("work", input=UNREADABLE)]},
        "q": {"on": [on("told", actions=[mark("told")])]},
    }
    region = {"initial": "s", "states": {"s": regions["s"], "t": {"invoke": [call("next")]}}}
    run = Driver({"p": {"type": "parallel", "states": {"o": region, "r": regions["r"], "q": regions["q"]}}}, ORDER)
    assert (run.status, run.context["order"], run.started) == ("failed", ["told"], [])
    assert run.step.snapshot.suspended == ("work", "next")
    assert run.active == {"t", "r", "q"}
