"""Timeouts, expected times and delayed events: set on entry, gone on exit, never lost and never doubled."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from orchestrator.statechart.effects import CancelTimer, ClearDeadline, SetDeadline, SetTimer
from orchestrator.statechart.transition import start
from tests.statechart.support import BEGINNING, ENVIRONMENT, Document, Driver, call, chart_of, mark, on

ORDER: Document = {"order": []}
END: Document = {"end": {"type": "final"}}


def after(delay: str, target: str | None = None, **more: object) -> Document:
    return {"delay": delay, **({"target": target} if target else {}), **more}


def sent(**more: object) -> Document:
    return {"type": "send", "event": "ping", **more}


def test_a_timeout_is_set_on_entry_and_leads_on_when_it_is_due() -> None:
    run = Driver({"a": {"after": [after("PT1H", "end")]}, **END})
    assert run.step.effects == (SetTimer("after.a/after/0", "after.a/after/0", BEGINNING + timedelta(hours=1), {}),)
    assert run.wait(minutes=59).active == {"a"}
    assert run.wait(minutes=1).status == "completed"


def test_leaving_a_state_cancels_its_timers_and_no_others() -> None:
    inner = {"b": {"after": [after("PT1H", "c")], "on": [on("go", "c")]}, "c": {}}
    run = Driver({"a": {"initial": "b", "after": [after("PT2H", "end")], "states": inner}, **END}).send("go")
    assert run.step.effects == (CancelTimer("after.b/after/0"),)
    assert set(run.timers) == {"after.a/after/0"}


def test_entering_a_state_anew_sets_its_timers_from_now() -> None:
    run = Driver({"a": {"after": [after("PT1H", "end")], "on": [on("again", "a")]}, **END}).wait(minutes=50)
    run.send("again")
    assert [type(effect) for effect in run.step.effects] == [CancelTimer, SetTimer]
    assert run.wait(minutes=50).active == {"a"}
    assert run.wait(minutes=10).status == "completed"


def test_staying_in_a_state_leaves_its_timers_alone() -> None:
    run = Driver({"a": {"after": [after("PT1H", "end")], "on": [on("stay", actions=[mark("x")])]}, **END}, ORDER)
    assert run.send("stay").step.effects == ()


def test_a_timeout_may_be_computed_from_the_context() -> None:
    for wait, hours in (("PT2H", 2), (7_200, 2), (0.5, 0), (-5, 0)):
        run = Driver({"a": {"after": [after("${context.wait}", "end")]}, **END}, {"wait": wait})
        due = run.timers["after.a/after/0"].due
        assert timedelta(hours=hours) <= due - BEGINNING < timedelta(hours=hours, seconds=1)
    run = Driver({"a": {"after": [after("${duration('720h')}", "end")]}, **END})
    assert run.timers["after.a/after/0"].due == BEGINNING + timedelta(days=30)


@pytest.mark.parametrize("delay", ["${context.missing}", "${'soon'}", "${1e300}", "${true}", "${[1]}"])
@pytest.mark.parametrize("key", ["after", "expectedWithin"])
def test_a_time_that_cannot_be_worked_out_calls_a_person(delay: str, key: str) -> None:
    """Nothing else would ever wake an instance that waits here."""
    state = {"after": [after(delay, "end")]} if key == "after" else {"expectedWithin": delay}
    run = Driver({"a": {"on": [on("go", "end")], **state}, **END})
    assert (run.active, run.status, run.timers, run.deadlines) == ({"a"}, "running", {}, {})
    assert [(incident.kind, incident.state) for incident in run.incidents] == [("timeout-not-set", "a")]
    assert run.step.errors == (run.incidents[0].message,)


def test_a_time_that_cannot_be_worked_out_is_the_charts_own_business_when_it_leads_on() -> None:
    broken = {"after": [after("${context.missing}", "end")], "on": [on("error.execution", "b")]}
    run = Driver({"a": broken, "b": {}, **END})
    assert (run.active, run.incidents) == ({"b"}, [])


def test_a_time_past_the_end_of_the_calendar_is_an_error_and_nothing_worse() -> None:
    ways = {"entry": [sent(delay="P36000D")], "after": [after("P36000D", "end")], "expectedWithin": "P36000D"}
    chart = chart_of({"a": ways, **END})
    step = start(chart, {}, datetime(9_990, 1, 1, tzinfo=BEGINNING.tzinfo), ENVIRONMENT)
    assert len(step.errors) == 3
    assert not any(isinstance(effect, SetTimer | SetDeadline) for effect in step.effects)


def test_an_expected_time_is_a_deadline_that_ends_with_the_state() -> None:
    run = Driver({"a": {"expectedWithin": "PT2H", "on": [on("go", "end")]}, **END})
    assert run.deadlines["a"] == SetDeadline("a", BEGINNING, BEGINNING + timedelta(hours=2))
    assert run.send("go").step.effects == (ClearDeadline("a"),)


def test_a_timeout_without_a_target_acts_once_and_the_state_goes_on() -> None:
    ways = [after("PT1H", actions=[mark("reminded")]), after("PT3H", "end")]
    run = Driver({"a": {"after": ways}, **END}, ORDER).wait(hours=2)
    assert run.context["order"] == ["reminded"]
    assert run.wait(hours=1).status == "completed"
    assert run.context["order"] == ["reminded"]


def test_timeouts_of_a_state_fire_by_their_time_and_not_by_their_place() -> None:
    ways = [after("PT2H", actions=[mark("second")]), after("PT1H", actions=[mark("first")])]
    assert Driver({"a": {"after": ways}}, ORDER).wait(hours=3).context["order"] == ["first", "second"]


def test_a_timer_of_a_state_that_was_left_has_no_effect() -> None:
    run = Driver({"a": {"after": [after("PT1H", "end")], "on": [on("go", "b")]}, "b": {}, **END}).send("go")
    run.send("after.a/after/0")
    assert (run.active, run.step.handled) == ({"b"}, False)


def test_a_timer_is_answered_by_its_own_transition_alone() -> None:
    ways = [after("PT1H", "b"), after("PT2H", "end")]
    run = Driver({"a": {"after": ways}, "b": {}, **END})
    assert not run.send("after.a/after/1.more").step.handled
    assert run.send("after.a/after/1").status == "completed"


def test_a_retry_does_not_repeat_timeouts_that_came_while_the_state_went_on() -> None:
    """The reminder was sent before the activity failed; the escalation is still to come."""
    ways = [after("PT1H", actions=[mark("reminded")]), after("PT1H", "end", guard="false"), after("PT5H", "end")]
    run = Driver({"a": {"after": ways, "invoke": [call("work")]}, **END}, ORDER).wait(hours=2)
    assert run.step.snapshot.fired == ("after.a/after/0", "after.a/after/1")
    run.failure("work")
    assert (run.status, run.timers) == ("failed", {})
    run.wait(hours=1).resume()
    assert {name: timer.due for name, timer in run.timers.items()} == {
        "after.a/after/2": BEGINNING + timedelta(hours=5)
    }
    assert run.wait(hours=2).context["order"] == ["reminded"]
    assert run.status == "completed"


def test_timeouts_that_came_are_forgotten_when_their_state_is_left() -> None:
    ways = [after("PT1H", actions=[mark("reminded")])]
    run = Driver({"a": {"after": ways, "on": [on("again", "a"), on("go", "b")]}, "b": {}}, ORDER).wait(hours=1)
    run.send("again").wait(hours=1)
    assert run.context["order"] == ["reminded", "reminded"]
    assert run.send("go").step.snapshot.fired == ()


def test_a_timeout_that_passed_while_the_instance_stood_still_fires_at_once() -> None:
    run = Driver({"a": {"after": [after("PT1H", "end")], "invoke": [call("work")]}, **END}).failure("work")
    run.wait(days=1).resume()
    assert run.timers["after.a/after/0"].due == run.now
    assert run.wait().status == "completed"


# delayed events


def test_a_sent_event_comes_back_after_its_delay_with_its_data() -> None:
    entry = [sent(delay="PT5M", data={"n": "${context.n}"}, id="later")]
    ways = [on("ping", "end", guard="event.n == 3")]
    run = Driver({"a": {"entry": entry, "on": ways}, **END}, {"n": 3})
    assert run.step.effects == (SetTimer("send.later", "ping", BEGINNING + timedelta(minutes=5), {"n": 3}, "later"),)
    assert run.wait(minutes=5).status == "completed"


def test_an_event_that_is_sent_at_once_comes_after_all_that_was_raised() -> None:
    entry = [sent(), {"type": "raise", "event": "inner"}]
    ways = [on("ping", actions=[mark("sent")]), on("inner", actions=[mark("raised")])]
    assert Driver({"a": {"entry": entry, "on": ways}}, ORDER).wait().context["order"] == ["raised", "sent"]


def test_a_sent_event_can_be_cancelled_by_its_id_and_sent_anew() -> None:
    ways = [on("stop", actions=[{"type": "cancel", "id": "x"}]), on("again", actions=[sent(delay="PT2H", id="x")])]
    run = Driver({"a": {"entry": [sent(delay="PT1H", id="x")], "on": ways}})
    assert run.send("again").timers["send.x"].due == BEGINNING + timedelta(hours=2)
    assert run.send("stop").timers == {}


def test_sent_events_without_an_id_do_not_replace_each_other_nor_any_timeout() -> None:
    ways = [on("more", actions=[sent(delay="PT1H"), sent(delay="PT1H")])]
    run = Driver({"a": {"on": ways, "after": [after("PT1H", "end")]}, **END}).send("more").send("more")
    assert sorted(run.timers) == ["after.a/after/0", *(f"send.00000{n}" for n in (1, 2, 3, 4))]


def test_a_sent_event_survives_leaving_the_state() -> None:
    run = Driver({"a": {"entry": [sent(delay="PT1H")], "on": [on("go", "b")]}, "b": {"on": [on("ping", "end")]}, **END})
    assert run.send("go").wait(hours=1).status == "completed"


def test_a_send_that_cannot_be_worked_out_is_an_error_of_its_block() -> None:
    for broken in (sent(delay="${context.missing}"), sent(data={"x": "${context.missing}"})):
        run = Driver({"a": {"entry": [broken, mark("never")]}}, ORDER)
        assert (run.timers, run.context["order"], len(run.step.errors)) == ({}, [], 1)
        assert run.step.snapshot.counter == 0
