"""Each invariant is broken by hand in the database, and exactly that one is told."""

from __future__ import annotations

import json
import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections

from orchestrator.runtime import store_verify, verify
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, send, send_many, start, start_many
from orchestrator.runtime.models import ActivityRun, Instance
from orchestrator.runtime.perform import claim, perform
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db(transaction=True)


def step(name: str, target: str) -> dict[str, Any]:
    """A state that does one thing which can be undone."""
    undo = {"kind": "python", "title": "Undo", "input": {"callable": "payments.refund", "args": {"payment": name}}}
    given = {"callable": "payments.refund", "args": {"payment": name}}
    call = {"id": name, "kind": "python", "input": given, "compensate": undo, "onDone": [{"target": target}]}
    return {"invoke": [call]}


SAGA: dict[str, Any] = {
    "draft": step("pay", "reserve"),
    "reserve": step("reserve", "review"),
    "review": {"on": [{"event": "give-up", "actions": [{"type": "compensate"}]}]},
    "done": {"after": [{"delay": "PT1H", "target": "draft"}]},
}


def run_all() -> None:
    drain()
    while ready := list(ActivityRun.objects.filter(status="pending").values_list("pk", flat=True)):
        for pk in ready:
            perform(pk)
        drain()


@pytest.fixture
def saga(publish: Publish) -> int:
    """An instance which did two things, was asked to give up and undid both; and one that waits for a timer."""
    instance = start(StartRequest(publish(**SAGA).slug, "a")).instance
    run_all()
    send(EventRequest("give-up", instance=instance, idempotency_key="k1"))
    run_all()
    waiting = publish(draft={"after": [{"delay": "PT1H", "target": "done"}], "on": [{"event": "note"}]})
    other = start(StartRequest(waiting.slug, "b")).instance
    send_many([EventRequest("note", instance=other) for _ in range(3)])
    drain()
    assert Instance.objects.get(pk=instance).status == "compensated"
    return instance


def execute(statement: str, *params: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        assert cursor.rowcount != 0


def run_command(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify", *args, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_sound_database_has_no_broken_invariant_and_says_what_was_checked(saga: int) -> None:
    ended, told = run_command()
    assert ended == 0
    lines = {line[:2]: line.split()[-2:] for line in told.splitlines() if line.startswith("I")}
    assert lines == {
        "I1": ["1", "0"],
        "I2": ["2", "0"],
        "I3": ["2", "0"],
        "I4": ["4", "0"],
        "I5": ["1", "0"],
        "I6": ["2", "0"],
        "I7": ["2", "0"],
    }


BROKEN_BY: list[tuple[str, str, str]] = [
    ("I1", "UPDATE runtime_eventkey SET event = event + 1000", "neither waits nor is journaled"),
    (
        "I1",
        "UPDATE runtime_journalentry j SET event = k.event FROM runtime_eventkey k WHERE j.name = 'note' AND j.seq = 2",
        "has 2 rows in inbox and journals",
    ),
    ("I2", "DELETE FROM runtime_journalentry WHERE name = 'note' AND seq = 3", "3 rows with 3 numbers from 1 to 4"),
    (
        "I2",
        "INSERT INTO runtime_journalentry (instance_id, seq, event, kind, name, data, outcome, detail, source, actor,"
        " occurred_at) VALUES (999, 1, 9999, 'event', 'x', '{}', 'applied', '{}', '', '', now())",
        "there are 1 journal rows and no such instance",
    ),
    (
        "I3",
        "UPDATE runtime_instance SET snapshot = replace(snapshot, 'compensated', 'completed') WHERE key = 'a'",
        "does not give its snapshot",
    ),
    ("I3", "UPDATE runtime_instance SET snapshot = 'damaged' WHERE key = 'a'", "does not give its snapshot"),
    ("I3", "UPDATE runtime_journalentry SET data = 'damaged' WHERE name = 'give-up'", "cannot be replayed"),
    ("I4", "DELETE FROM runtime_activityrun WHERE activity = 'pay' AND compensates = ''", "has no row"),
    (
        "I4",
        "INSERT INTO runtime_activityrun (instance_id, shard, invocation, activity, state, kind, title, spec,"
        " idempotency_key, compensates, status, attempts, fence, worker, last_error, result, late)"
        " SELECT instance_id, shard, 'other', activity, state, kind, title, spec, 'other', '', 'done', 1, 1, '',"
        " '', '', '' FROM runtime_activityrun WHERE invocation LIKE 'pay%%' AND compensates = ''",
        "no journal row asks for it",
    ),
    ("I5", "UPDATE runtime_timer SET wake = now() - interval '1 hour'", "has been due since"),
    ("I5", "UPDATE runtime_instance SET status = 'failed' WHERE key = 'b'", "no incident is open"),
    ("I6", "UPDATE runtime_instance SET seq = seq + 1 WHERE key = 'a'", "its last journal row"),
    ("I6", "DELETE FROM runtime_journalentry WHERE name = 'note' AND seq = 4", "its last journal row"),
    ("I6", "UPDATE runtime_activityrun SET fence = 0 WHERE activity = 'pay'", "which its fence 0"),
    (
        "I6",
        "UPDATE runtime_activityrun SET status = 'failed' WHERE activity = 'pay' AND compensates = ''",
        "is failed, and the journal has its result",
    ),
    (
        "I7",
        "UPDATE runtime_activityrun r SET compensates = s.compensates, idempotency_key = s.idempotency_key"
        " FROM runtime_activityrun s WHERE r.compensates <> '' AND s.compensates <> '' AND r.id <> s.id",
        "was undone before",
    ),
    (
        "I7",
        "UPDATE runtime_activityrun r SET compensates = s.compensates FROM runtime_activityrun s"
        " WHERE r.compensates <> '' AND s.compensates <> '' AND r.id > s.id",
        "was undone 2 times",
    ),
]


@pytest.mark.parametrize(("invariant", "sabotage", "told"), BROKEN_BY)
def test_what_is_broken_by_hand_is_told_and_nothing_else(saga: int, invariant: str, sabotage: str, told: str) -> None:
    execute(sabotage)
    found = verify.check()
    assert {problem.invariant for problem in found.problems} == {invariant}
    assert any(told in problem.sentence for problem in found.problems), found.problems


def test_a_key_and_an_effect_that_were_stored_twice_are_told_once_their_unique_key_is_dropped(saga: int) -> None:
    """What the unique keys prevent is looked for all the same: somebody may have dropped them."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("ALTER TABLE runtime_eventkey DROP CONSTRAINT event_key_unique")
        cursor.execute("ALTER TABLE runtime_activityrun DROP CONSTRAINT activity_invocation_unique")
        for table in ("runtime_eventkey", "runtime_activityrun"):
            cursor.execute(
                f"CREATE TEMP TABLE twice ON COMMIT DROP AS SELECT * FROM {table} ORDER BY id LIMIT 1;"
                f"UPDATE twice SET id = -1; INSERT INTO {table} SELECT * FROM twice; DROP TABLE twice"
            )
        given = {"machine": None, "sample": None, "grace": 60}
        laws = [law for law in verify.LAWS if law.invariant in ("I1", "I4")]
        found = [p.sentence for law in laws for p in law.broken(connection.connection, given)]
        cursor.execute("ROLLBACK")
    assert [any(text in one for one in found) for text in ("acknowledged 2 times", "has 2 rows")] == [True, True]


def test_work_that_nobody_takes_up_is_told_after_its_grace(saga: int, publish: Publish) -> None:
    machine = publish(**SAGA)
    start_many([StartRequest(machine.slug, "c")])
    drain()
    run = claim(ActivityRun.objects.get(status="pending").pk)
    assert run is not None
    start(StartRequest(machine.slug, "d"))
    assert verify.check().problems == []
    execute("UPDATE runtime_activityrun SET lease_until = now() - interval '2 minutes' WHERE id = %s", run.id)
    execute("UPDATE runtime_inboxevent SET received_at = now() - interval '2 minutes'")
    assert [problem.invariant for problem in verify.check().problems] == ["I5", "I5"]
    assert verify.check(grace=3600).problems == []


def test_a_machine_or_a_sample_narrows_the_check(saga: int) -> None:
    execute("UPDATE runtime_instance SET snapshot = '{}' WHERE key = 'a'")
    assert run_command("--machine", "machine-2")[0] == 0
    ended, told = run_command("--machine", "machine-1")
    assert (ended, "I3 instance" in told) == (1, True)
    assert run_command("--sample", "0")[0] == 0
    report = json.loads(run_command("--json", "--sample", "5")[1])
    assert [row["broken"] for row in report["invariants"]] == [0, 0, 1, 0, 0, 0, 0]
    assert report["problems"][0]["instance"] == saga


@pytest.mark.parametrize(
    ("option", "told"),
    [(["--machine", "none"], "no machine"), (["--sample=-1"], "--sample"), (["--grace=-1"], "--grace")],
)
def test_an_option_that_means_nothing_is_refused_in_a_sentence(saga: int, option: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run_command(*option)


def test_drains_that_run_meanwhile_are_not_seen_half(saga: int) -> None:
    """All checks read one snapshot: what another worker commits between two of them stays unseen."""
    other = Instance.objects.get(key="b").pk

    def work() -> None:
        send_many([EventRequest("note", instance=other, idempotency_key=f"n{n}") for n in range(20)])
        drain()
        connections.close_all()

    with store_verify.one_snapshot() as database:
        given = {"machine": None, "sample": None, "grace": 60}
        before = store_verify.number(database, store_verify.KEYS, given)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        assert store_verify.number(database, store_verify.KEYS, given) == before
        assert [p for law in verify.LAWS for p in law.broken(database, given)] == []
        with pytest.raises(Exception, match="read-only"):
            database.execute("DELETE FROM runtime_timer")
    assert Instance.objects.get(pk=other).seq == 24
    assert verify.check().problems == []
