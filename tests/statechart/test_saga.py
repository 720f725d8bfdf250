"""Compensation: completed activities are undone one by one, last first, each once, whatever else happens meanwhile."""

from __future__ import annotations

from dataclasses import replace

from tests.statechart.support import Document, Driver, assign, call, mark, on, undo

END: Document = {"end": {"type": "final"}}
ORDER: Document = {"order": []}


def step(key: str, following: str, **more: object) -> Document:
    """A state which does `key`, that can be undone, and then goes on."""
    return {"invoke": [call(key, compensate=undo(key), onDone=[{"target": following}], **more)]}


def trip(last: Document) -> Document:
    """Book a flight, then a hotel, then do the last thing."""
    return {"flight": step("flight", "hotel"), "hotel": step("hotel", "last"), "last": last, **END}


UNDOING: Document = {"entry": [{"type": "compensate"}], "on": [on("done.compensate", "end")]}


def booked(last: Document, context: Document | None = None) -> Driver:
    return Driver(trip(last), context).answer("flight", {"id": "F"}).answer("hotel", {"id": "H"})


def test_completed_activities_are_undone_last_first_one_at_a_time() -> None:
    run = booked(UNDOING)
    assert (run.status, [a.title for a in run.activities.values()]) == ("compensating", ["Undo hotel"])
    run.answer("undo_hotel")
    assert (run.status, [a.title for a in run.activities.values()]) == ("compensating", ["Undo flight"])
    run.answer("undo_flight")
    assert (run.status, run.active, run.activities) == ("compensated", {"end"}, {})
    assert run.step.snapshot.undoables == ()
    assert run.step.snapshot.compensating is None


def test_a_compensation_knows_what_it_undoes_and_has_one_key_for_all_attempts() -> None:
    asked = booked(UNDOING).asked("undo_hotel")
    assert asked.input == {"callable": "undo_hotel", "of": {"id": "H"}}
    assert (asked.activity, asked.state, asked.compensates) == ("hotel", "hotel", "hotel.2")
    assert asked.idempotency_key == "undo-7-hotel.2"
    assert asked.retry.max_attempts == 5


def test_activities_without_a_compensation_are_not_undone() -> None:
    plain = {"invoke": [call("plain", onDone=[{"target": "last"}])]}
    run = (
        Driver({"a": step("one", "b"), "b": plain, "last": UNDOING, **END})
        .answer("one")
        .answer("plain")
        .answer("undo_one")
    )
    assert run.status == "compensated"


def test_an_activity_completed_twice_is_undone_twice() -> None:
    states = {"a": step("one", "b"), "b": {"on": [on("again", "a"), on("stop", "last")]}, "last": UNDOING, **END}
    run = Driver(states).answer("one", 1).send("again").answer("one", 2).send("stop")
    assert run.asked("undo_one").input["of"] == 2
    assert run.answer("undo_one").asked("undo_one").input["of"] == 1
    assert run.answer("undo_one").status == "compensated"


def test_what_was_skipped_or_failed_is_not_undone() -> None:
    skipped = step("one", "last", onFailure={"policy": "skip"})
    run = Driver({"a": skipped, "last": UNDOING, **END}).failure("one")
    assert (run.status, run.active) == ("completed", {"end"})


def test_undoing_nothing_is_done_at_once() -> None:
    run = Driver({"a": UNDOING, **END})
    assert (run.status, run.active) == ("completed", {"end"})


def test_the_failure_policy_undoes_and_ends_the_instance() -> None:
    last = {"invoke": [call("pay", onFailure={"policy": "compensate"})], "expectedWithin": "PT1H"}
    run = booked(last).failure("pay")
    assert (run.status, run.incidents) == ("compensating", [])
    run.answer("undo_hotel").answer("undo_flight")
    assert (run.status, run.active, run.deadlines) == ("compensated", {"last"}, {})
    assert not run.send("anything").step.handled


def test_the_chart_may_go_on_after_the_failure_policy_has_undone() -> None:
    last = {"invoke": [call("pay", onFailure={"policy": "compensate"})], "on": [on("done.compensate", "flight")]}
    run = booked(last).failure("pay").answer("undo_hotel").answer("undo_flight")
    assert (run.status, run.active) == ("running", {"flight"})
    run.answer("flight").answer("hotel").failure("pay")
    assert run.asked("undo_hotel").compensates == "hotel.7"


def test_the_end_of_each_compensation_is_an_event_of_its_own() -> None:
    last = {**UNDOING, "on": [on("done.compensation", actions=[mark("one")]), on("done.compensate", "end")]}
    run = booked(last, ORDER).answer("undo_hotel", 1).answer("undo_flight", 2)
    assert run.context["order"] == ["one", "one"]


def test_a_second_wish_to_undo_while_one_is_under_way_changes_nothing() -> None:
    last = {**UNDOING, "on": [on("more", actions=[{"type": "compensate"}]), on("done.compensate", "end")]}
    run = booked(last).send("more")
    assert [a.title for a in run.activities.values()] == ["Undo hotel"]


def test_compensation_goes_on_while_the_chart_is_in_its_final_state_already() -> None:
    run = booked({"on": [on("stop", "end", actions=[{"type": "compensate"}])]}).send("stop")
    assert (run.status, run.active) == ("compensating", {"end"})
    assert run.answer("undo_hotel").status == "compensating"
    assert (run.answer("undo_flight").status, run.active) == ("compensated", {"end"})


# answers


def test_an_answer_of_another_compensation_has_no_effect() -> None:
    run = booked(UNDOING)
    for name in ("done.compensation", "error.compensation"):
        for invocation in ("flight.undo.3", None, 5):
            run.send(name, invocation=invocation)
            assert (run.step.handled, len(run.step.snapshot.undoables)) == (False, 2)


def test_a_compensation_answers_once() -> None:
    run = booked(UNDOING)
    first = run.asked("undo_hotel").invocation
    run.answer("undo_hotel").send("done.compensation", invocation=first)
    assert (run.step.handled, len(run.step.snapshot.undoables)) == (False, 1)


def test_an_activity_that_completes_while_another_is_undone_is_undone_too_and_nothing_twice() -> None:
    """It is remembered below the one whose compensation is running, which is answered first."""
    regions = {
        "r": {"invoke": [call("slow", compensate=undo("slow"))]},
        "s": {"initial": "one", "states": {"one": step("quick", "two"), "two": {"entry": [{"type": "compensate"}]}}},
    }
    run = Driver({"p": {"type": "parallel", "states": regions}}).answer("quick", "Q")
    assert run.asked("undo_quick").input["of"] == "Q"
    run.answer("slow", "S")
    assert [done.activity for done in run.step.snapshot.undoables] == ["slow", "quick"]
    run.answer("undo_quick")
    assert run.asked("undo_slow").input["of"] == "S"
    assert run.answer("undo_slow").status == "compensated"
    assert [name for name in run.started if ".undo." in name] == ["quick.undo.3", "slow.undo.4"]


# failures


def test_a_compensation_that_fails_calls_a_person_and_is_waited_for() -> None:
    run = booked(UNDOING).failure("undo_hotel")
    assert [(i.kind, i.state, i.message) for i in run.incidents] == [
        ("compensation-failed", "hotel", "Undo hotel: broken")
    ]
    assert (run.status, len(run.step.snapshot.undoables)) == ("compensating", 2)
    assert run.answer("undo_hotel").answer("undo_flight").status == "compensated"


def test_the_chart_hears_of_a_failed_compensation() -> None:
    last = {**UNDOING, "on": [on("error.compensation", actions=[mark("failed")])]}
    assert booked(last, ORDER).failure("undo_hotel").context["order"] == ["failed"]


def unreadable(**more: object) -> Document:
    return undo("flight", input={"callable": "undo_flight", "x": "${context.missing}"}, **more)


def test_a_compensation_whose_input_cannot_be_worked_out_stops_the_instance_until_it_can() -> None:
    first = {"invoke": [call("flight", compensate=unreadable(), onDone=[{"target": "hotel"}])]}
    states = {"flight": first, "hotel": step("hotel", "last"), "last": UNDOING, **END}
    run = Driver(states).answer("flight").answer("hotel").answer("undo_hotel")
    assert (run.status, run.activities) == ("failed", {})
    assert [(i.kind, i.state) for i in run.incidents] == [("compensation-failed", "flight")]
    assert [done.activity for done in run.step.snapshot.undoables] == ["flight"]
    assert run.resume().status == "failed"
    assert run.mend(missing=1).resume().status == "compensating"
    assert run.asked("undo_flight").idempotency_key == "undo-7-flight.1"
    assert run.answer("undo_flight").status == "compensated"


def test_when_the_undoing_cannot_start_nothing_else_of_the_instance_goes_on_or_is_lost() -> None:
    """Timers, running activities and those about to start all wait for the retry."""
    first = {"invoke": [call("flight", compensate=unreadable(), onDone=[{"target": "p"}])]}
    undoing = {"entry": [{"type": "compensate"}], "invoke": [call("late")]}
    regions = {
        "r": {"invoke": [call("running")], "after": [{"delay": "PT1H", "target": "end"}], "expectedWithin": "PT1H"},
        "s": {"initial": "s1", "states": {"s1": {"on": [on("go", "s2")]}, "s2": undoing}},
    }
    run = Driver({"flight": first, "p": {"type": "parallel", "states": regions}, **END}).answer("flight").send("go")
    assert (run.status, run.active) == ("failed", {"r", "s2"})
    assert (run.activities, run.timers, run.deadlines) == ({}, {}, {})
    assert run.step.snapshot.suspended == ("running", "late")
    run.mend(missing=1).resume()
    assert sorted(a.title for a in run.activities.values()) == ["Call late", "Call running", "Undo flight"]
    assert (set(run.timers), set(run.deadlines)) == ({"after.r/after/0"}, {"r"})


def test_an_activity_that_fails_while_others_are_undone_does_not_stop_the_undoing() -> None:
    last = {**UNDOING, "invoke": [call("note")]}
    run = booked(last).failure("note")
    assert ([i.kind for i in run.incidents], run.status) == (["activity-failed"], "compensating")
    assert run.answer("undo_hotel").answer("undo_flight").status == "compensated"


def test_what_a_new_version_no_longer_knows_how_to_undo_is_passed_over() -> None:
    run = booked(UNDOING)
    gone = replace(run.step.snapshot.undoables[0], activity="gone")
    run.step = run.step._replace(
        snapshot=run.step.snapshot._replace(undoables=(gone, *run.step.snapshot.undoables[1:]))
    )
    assert run.answer("undo_hotel").status == "compensated"


def test_the_instance_may_move_and_work_while_it_is_undone() -> None:
    last = {**UNDOING, "on": [on("note", actions=[assign("noted", "true")]), on("done.compensate", "end")]}
    run = booked(last).send("note")
    assert (run.context, run.status) == ({"noted": True}, "compensating")
    assert run.answer("undo_hotel").answer("undo_flight").status == "compensated"
