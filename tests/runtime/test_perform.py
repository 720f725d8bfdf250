from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from orchestrator.runtime import recovery
from orchestrator.runtime.activities.registry import ActivityError
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, retry, send, start
from orchestrator.runtime.models import ActivityRun, InboxEvent, Incident, Instance, JournalEntry, Timer
from orchestrator.runtime.perform import Outcome, attempt, claim, perform, record
from orchestrator.runtime.retry import delay, retryable
from orchestrator.runtime.verify import problems
from orchestrator.sdk.activities import ActivityFailed, activity
from orchestrator.statechart.definition import JSON
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db(transaction=True)
MOST_ROUNDS = 50
calls: list[tuple[str, Any]] = []
broken: set[str] = set()


@activity("tests.work")
def work(name: str, answer: JSON = None) -> JSON:
    calls.append((name, answer))
    if name in broken:
        raise ActivityFailed(f"{name} is broken", "Broken")
    return answer


@pytest.fixture(autouse=True)
def fresh() -> None:
    calls.clear()
    broken.clear()


def invoke(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "python",
        "input": {"callable": "tests.work", "args": {"name": name, "answer": 7}},
        **more,
    }


def charging(**more: Any) -> dict[str, Any]:
    return {"invoke": [invoke("charge", result="payment", onDone=[{"target": "done"}], **more)]}


def begin(publish: Publish, **states: dict[str, Any]) -> Instance:
    started = start(StartRequest(publish(**states).slug, "a"))
    drain()
    return Instance.objects.get(pk=started.instance)


def run_all() -> list[str]:
    """Perform and apply until nothing is due."""
    verdicts: list[str] = []
    for _ in range(MOST_ROUNDS):
        due = ActivityRun.objects.filter(status="pending", due__lte=timezone.now())
        if not (ready := list(due.values_list("pk", flat=True))):
            return verdicts
        verdicts.extend(perform(pk) for pk in ready)
        drain()
    raise AssertionError(f"still due after {verdicts}: {list(due.values())}")


def test_a_result_moves_the_instance_and_stands_in_its_context(publish: Publish) -> None:
    instance = begin(publish, draft=charging())
    assert run_all() == ["done"]
    instance.refresh_from_db()
    assert (instance.configuration, instance.status) == ("done", "completed")
    assert JournalEntry.objects.get(kind="activity").name == "done.invoke.charge"
    assert list(problems()) == []


def test_an_activity_is_claimed_by_one_worker_only(publish: Publish) -> None:
    begin(publish, draft=charging())
    run = ActivityRun.objects.get()
    assert claim(run.pk) is not None
    assert claim(run.pk) is None
    run.refresh_from_db()
    assert (run.status, run.attempts, run.fence) == ("running", 1, 1), "the attempt is counted before it runs"


def test_a_failed_attempt_waits_for_its_time_and_the_last_one_fails_the_instance(publish: Publish) -> None:
    broken.add("charge")
    instance = begin(publish, draft=charging(retry={"maxAttempts": 2, "interval": "PT1M", "jitter": False}))
    assert run_all() == ["retry"]
    run = ActivityRun.objects.get()
    assert run.status == "pending"
    assert timedelta(seconds=50) < run.due - timezone.now() <= timedelta(seconds=60)
    assert run.last_error == "Broken: charge is broken"
    ActivityRun.objects.update(due=timezone.now())
    assert run_all() == ["failed"]
    instance.refresh_from_db()
    assert instance.status == "failed"
    assert Incident.objects.get(resolved_at=None).kind == "activity-failed"


def test_an_operator_retries_a_failed_instance(publish: Publish) -> None:
    broken.add("charge")
    instance = begin(publish, draft=charging())
    run_all()
    broken.clear()
    assert retry(instance.pk, "the bank is back", "user:ann") == 1
    drain()
    run_all()
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert not Incident.objects.filter(resolved_at=None).exists()
    assert JournalEntry.objects.get(kind="command").actor == "user:ann"
    assert list(problems()) == []


def test_an_escalated_activity_waits_in_its_state_for_a_retry(publish: Publish) -> None:
    broken.add("charge")
    instance = begin(publish, draft=charging(onFailure={"policy": "escalate"}))
    run_all()
    instance.refresh_from_db()
    assert (instance.status, instance.configuration) == ("running", "draft")
    assert Incident.objects.filter(resolved_at=None).count() == 1
    broken.clear()
    assert retry(instance.pk, "again", "user:ann") == 1
    drain()
    assert run_all() == ["done"]
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert list(problems()) == []


def test_a_caught_failure_goes_where_the_chart_says(publish: Publish) -> None:
    broken.add("charge")
    instance = begin(publish, draft=charging(onFailure={"policy": "catch", "target": "review"}))
    run_all()
    instance.refresh_from_db()
    assert (instance.status, instance.configuration) == ("running", "review")


def test_leaving_the_state_cancels_its_activity_and_a_late_result_is_kept_but_not_applied(publish: Publish) -> None:
    instance = begin(publish, draft={**charging(), "on": [{"event": "submit", "target": "review"}]})
    run = claim(ActivityRun.objects.get().pk)
    assert run is not None
    send(EventRequest("submit", instance=instance.pk))
    drain()
    assert record(run, attempt(run)) == "late"
    stored = ActivityRun.objects.get()
    assert (stored.status, stored.late, stored.result) == ("cancelled", "attempt 1: 7", "")
    assert not InboxEvent.objects.exists()


def test_a_lost_lease_is_given_back_and_the_slow_worker_is_fenced_off(publish: Publish) -> None:
    begin(publish, draft=charging())
    slow = claim(ActivityRun.objects.get().pk)
    assert slow is not None
    assert recovery.recover_leases() == 0
    ActivityRun.objects.update(lease_until=F("lease_until") - timedelta(minutes=1))
    assert recovery.recover_leases() == 1
    assert perform(slow.id) == "done"
    assert record(slow, Outcome(result='"slow"')) == "late"
    stored = ActivityRun.objects.get()
    assert (stored.result, stored.late) == ("7", 'attempt 1: "slow"')
    assert InboxEvent.objects.filter(kind="activity").count() == 1


def test_a_worker_that_keeps_dying_uses_up_the_attempts(publish: Publish) -> None:
    instance = begin(publish, draft=charging())
    for _ in range(3):
        assert claim(ActivityRun.objects.get().pk) is not None
        ActivityRun.objects.update(lease_until=F("lease_until") - timedelta(minutes=1))
        recovery.recover_leases()
    drain()
    instance.refresh_from_db()
    assert instance.status == "failed"
    assert ActivityRun.objects.get().last_error == "the worker stopped before it answered"


def test_compensations_run_last_first_and_once(publish: Publish) -> None:
    def step(name: str, target: str) -> dict[str, Any]:
        undo = {
            "kind": "python",
            "title": "Undo",
            "input": {"callable": "tests.work", "args": {"name": f"undo-{name}"}},
        }
        return {"invoke": [invoke(name, compensate=undo, onDone=[{"target": target}])]}

    instance = begin(
        publish,
        draft=step("pay", "reserve"),
        reserve=step("reserve", "review"),
        review={"on": [{"event": "give-up", "actions": [{"type": "compensate"}]}]},
    )
    run_all()
    send(EventRequest("give-up", instance=instance.pk))
    drain()
    run_all()
    instance.refresh_from_db()
    assert [name for name, _ in calls] == ["pay", "reserve", "undo-reserve", "undo-pay"]
    assert instance.status == "compensated"
    assert list(problems()) == []


def test_a_compensation_that_failed_waits_for_a_retry(publish: Publish) -> None:
    undo = {
        "kind": "python",
        "title": "Undo",
        "input": {"callable": "tests.work", "args": {"name": "undo"}},
        "retry": {"maxAttempts": 1},
    }
    instance = begin(
        publish,
        draft={"invoke": [invoke("pay", compensate=undo, onDone=[{"target": "review"}])]},
        review={"on": [{"event": "give-up", "actions": [{"type": "compensate"}]}]},
    )
    run_all()
    broken.add("undo")
    send(EventRequest("give-up", instance=instance.pk))
    drain()
    run_all()
    assert Incident.objects.get(resolved_at=None).kind == "compensation-failed"
    broken.clear()
    retry(instance.pk, "again", "user:ann")
    drain()
    run_all()
    instance.refresh_from_db()
    assert instance.status == "compensated"
    assert not Incident.objects.filter(resolved_at=None).exists()


def test_an_unknown_callable_and_an_unknown_kind_fail_for_good(publish: Publish) -> None:
    invoked = {"id": "x", "kind": "python", "input": {"callable": "no.such"}, "retry": {"maxAttempts": 9}}
    begin(publish, draft={"invoke": [invoked]})
    assert run_all() == ["failed"]
    assert ActivityRun.objects.get().last_error.startswith("UnknownCallable")


POLICY = {"max_attempts": 3, "interval": "PT2S", "backoff": 2.0, "max_interval": "PT5S", "jitter": True, "errors": []}


def test_backoff_doubles_up_to_its_longest_and_jitter_is_full() -> None:
    exact = {**POLICY, "jitter": False}
    assert [delay(exact, attempts) for attempts in (1, 2, 3, 500)] == [2, 4, 5, 5]
    spread = [delay(POLICY, 2) for _ in range(200)]
    assert min(spread) < 1 < 3 < max(spread) <= 4


def test_only_named_or_passing_errors_are_tried_again() -> None:
    passing, lasting = ActivityError("x", "Passing"), ActivityError("x", "Lasting", permanent=True)
    assert retryable(POLICY, passing, 2)
    assert not retryable(POLICY, passing, 3)
    assert not retryable(POLICY, lasting, 1)
    assert retryable({**POLICY, "errors": ["Lasting"]}, lasting, 1)
    assert not retryable({**POLICY, "errors": ["Lasting"]}, passing, 1)


def test_a_retry_leaves_a_state_overdue_that_still_is(publish: Publish) -> None:
    broken.add("charge")
    instance = begin(publish, draft={**charging(onFailure={"policy": "escalate"}), "expectedWithin": "PT1H"})
    run_all()
    Timer.objects.update(due=timezone.now() - timedelta(seconds=1), wake=timezone.now() - timedelta(seconds=1))
    drain()
    assert set(Incident.objects.filter(resolved_at=None).values_list("kind", flat=True)) == {
        "overdue",
        "activity-failed",
    }
    assert retry(instance.pk, "again", "user:ann") == 1
    drain()
    assert [incident.kind for incident in Incident.objects.filter(resolved_at=None)] == ["overdue"]


def test_a_failure_which_the_chart_has_caught_is_not_tried_again(publish: Publish) -> None:
    broken.add("charge")
    instance = begin(publish, draft=charging(onFailure={"policy": "catch", "target": "review"}))
    run_all()
    assert retry(instance.pk, "again", "user:ann") == 0
    assert not InboxEvent.objects.exists()


def test_the_sweep_hints_at_a_waiting_activity_once_in_a_while(publish: Publish) -> None:
    begin(publish, draft=charging())
    assert recovery.enqueue_activities() == 1
    assert recovery.enqueue_activities() == 0
    ActivityRun.objects.update(hinted_at=timezone.now() - timedelta(seconds=recovery.HINT_AGAIN + 1))
    assert recovery.enqueue_activities() == 1


def test_an_activity_that_could_not_be_started_starts_with_a_retry_once_it_can(publish: Publish) -> None:
    waiting = charging(onFailure={"policy": "escalate"}, idempotencyKey="${context.order}")
    waiting["on"] = [{"event": "order", "actions": [{"type": "assign", "to": "order", "expr": "event.number"}]}]
    instance = begin(publish, draft=waiting)
    assert Incident.objects.get(resolved_at=None).kind == "activity-failed"
    send(EventRequest("order", {"number": "7"}, instance=instance.pk))
    drain()
    assert retry(instance.pk, "again", "user:ann") == 1
    drain()
    assert run_all() == ["done"]
    instance.refresh_from_db()
    assert instance.status == "completed"
    assert not Incident.objects.filter(resolved_at=None).exists()
    assert list(problems()) == []
