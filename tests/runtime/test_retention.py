"""What has had its time goes into the archive and out of the tables, and nothing else does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django import Settings

from orchestrator.definitions.models import Machine
from orchestrator.runtime import retention, store_retention, verify
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import CommandError as Refusal
from orchestrator.runtime.commands import EventRequest, StartRequest, cancel, send, send_many, start, start_many
from orchestrator.runtime.models import (
    ActivityRun,
    EventKey,
    Incident,
    Instance,
    JournalEntry,
)
from orchestrator.runtime.models_archive import ArchivedInstance, RetentionPolicy, Walk
from orchestrator.runtime.store import Cursor
from orchestrator.runtime.tasks import retain
from orchestrator.statechart.definition import JSON
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db(transaction=True)
CALL = {"id": "tell", "kind": "email", "input": {"to": "a@example.com", "subject": "s", "text": "t"}}


@pytest.fixture(autouse=True)
def archive(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    options = {**settings.STORAGES["archive"]["OPTIONS"], "location": str(folder)}
    settings.STORAGES = {**settings.STORAGES, "archive": {**settings.STORAGES["archive"], "OPTIONS": options}}
    settings.KEEP_INSTANCES = settings.KEEP_KEYS = settings.KEEP_INCIDENTS = 30
    return folder


def finish(machine: Machine, *keys: str) -> None:
    """Instances which go all the way to their end."""
    start_many([StartRequest(machine.slug, key) for key in keys])
    steps = ["submit", "approve"]
    send_many(
        [
            EventRequest(step, {"n": 1}, machine=machine.slug, key=k, idempotency_key=f"{k}/{step}")
            for k in keys
            for step in steps
        ]
    )
    drain()


def grow_old(days: int = 40) -> None:
    """Let all that is stored be so many days older by the database clock."""
    with connection.cursor() as cursor:
        for table, column in (
            ("journalentry", "recorded_at"),
            ("eventkey", "received_at"),
            ("incident", "resolved_at"),
        ):
            cursor.execute(f"UPDATE runtime_{table} SET {column} = {column} - %s * interval '1 day'", [days])


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.gz"))


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_a_finished_instance_moves_into_the_archive_and_can_be_read_there(publish: Publish, archive: Path) -> None:
    machine = publish(draft={"invoke": [CALL], "on": [{"event": "submit", "target": "review"}]})
    finish(machine, "old", "other")
    former = Instance.objects.get(key="old").pk
    grow_old()
    start(StartRequest(machine.slug, "running"))
    drain()
    retain()
    assert list(Instance.objects.values_list("key", flat=True)) == ["running"]
    assert set(JournalEntry.objects.values_list("instance__key", flat=True)) == {"running"}
    assert ActivityRun.objects.count() == 1
    assert [path.stat().st_mode & 0o777 for path in files(archive)] == [0o600]
    shown = run("archived", "old", "--machine", machine.slug)
    assert shown.startswith(f"Instance {former} (old) of {machine.slug}, version 1, completed\n")
    assert "submit applied -> review" in shown
    assert "approve applied -> done" in shown
    assert "activity tell.1 cancelled, attempt 0" in shown
    kept = json.loads(run("archived", "old", "--json"))
    assert [row["seq"] for row in kept["journal"]] == [1, 2, 3]
    assert json.loads(kept["instance"]["snapshot"])["status"] == "completed"
    assert verify.check().problems == []


def test_what_is_young_or_running_or_failed_or_has_work_under_way_stays(publish: Publish) -> None:
    machine = publish()
    finish(machine, "busy", "failed")
    start(StartRequest(machine.slug, "running"))
    drain()
    grow_old()
    finish(machine, "young")
    Instance.objects.filter(key="failed").update(status="failed")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO runtime_inboxevent (instance_id, shard, kind, name, data, source, actor)"
            " SELECT id, id % 64, 'activity', 'late', '{}', '', '' FROM runtime_instance WHERE key = 'busy'"
        )
    assert retention.sweep()["finished instances"] == 0
    assert Instance.objects.count() == 4


def test_a_policy_of_the_machine_stands_before_the_settings(publish: Publish, settings: Settings) -> None:
    short, ever, plain = publish(), publish(), publish()
    RetentionPolicy.objects.create(machine=short, keep_instances=10, keep_keys=0)
    RetentionPolicy.objects.create(machine=ever, keep_instances=0)
    for machine in (short, ever, plain):
        finish(machine, "a")
    grow_old(20)
    retention.sweep()
    assert set(Instance.objects.values_list("machine", flat=True)) == {ever.pk, plain.pk}
    grow_old(20)
    retention.sweep()
    assert set(Instance.objects.values_list("machine", flat=True)) == {ever.pk}
    assert set(EventKey.objects.values_list("source", flat=True)) == {f"{short.pk}/"}


def test_without_a_policy_everything_stays_and_no_table_is_read(
    publish: Publish, settings: Settings, django_assert_num_queries: Callable[[int], Any]
) -> None:
    settings.KEEP_INSTANCES = settings.KEEP_KEYS = settings.KEEP_INCIDENTS = 0
    finish(publish(), "a")
    grow_old(10_000)
    with django_assert_num_queries(3):  # one for each kind of policy
        assert set(retention.sweep().values()) == {0}
    assert Instance.objects.count() == 1


def test_keys_and_resolved_incidents_have_their_time_and_open_incidents_stay(publish: Publish) -> None:
    machine = publish()
    instance = Instance.objects.get(pk=start(StartRequest(machine.slug, "a")).instance)
    send(EventRequest("note", instance=instance.pk, idempotency_key="k"))
    drain()
    common: dict[str, Any] = {
        "instance": instance,
        "machine": machine,
        "version": instance.version,
        "since": "2026-01-01T00:00Z",
    }
    for state, resolved in (("left", "2020-01-01T00:00Z"), ("open", None)):
        Incident.objects.create(kind="overdue", state=state, resolved_at=resolved, **common)
    assert retention.sweep() == {"finished instances": 0, "idempotency keys": 0, "resolved incidents": 1}
    grow_old()
    assert retention.sweep()["idempotency keys"] == 1
    assert [incident.state for incident in Incident.objects.all()] == ["open"]


def test_a_key_outlives_its_instance_and_answers_as_the_first_time(publish: Publish, settings: Settings) -> None:
    settings.KEEP_KEYS = 0
    machine = publish()
    request = EventRequest("submit", {"n": 1}, machine=machine.slug, key="a", start=True, idempotency_key="once")
    first = send(request)
    send(EventRequest("approve", instance=first.instance))
    drain()
    grow_old()
    assert retention.sweep()["finished instances"] == 1
    again = send(request)
    assert (again.event, again.instance, again.duplicate) == (first.event, first.instance, True)
    others: list[dict[str, JSON]] = [{"n": 2}, {}]
    for other in others:
        with pytest.raises(Refusal) as refused:
            send(EventRequest("submit", other, machine=machine.slug, key="a", idempotency_key="once"))
        assert refused.value.code == "conflict"
    with pytest.raises(Refusal) as refused:
        send(EventRequest("submit", {"n": 1}, machine=machine.slug, key="b", idempotency_key="once"))
    assert refused.value.code == "conflict", "the key belongs to another instance"
    assert Instance.objects.count() == 0


def test_a_crash_after_the_file_was_written_loses_and_doubles_nothing(
    publish: Publish, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(publish(), "a", "b")
    grow_old()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store_retention, "drop_journals", crash)
        with pytest.raises(KeyboardInterrupt):
            retention.sweep()
    (written,) = files(archive)
    assert (Instance.objects.count(), JournalEntry.objects.count(), ArchivedInstance.objects.count()) == (2, 6, 0)
    whole = written.read_bytes()
    written.write_bytes(whole[:100])  # as if the power had gone while it was written
    assert retention.sweep()["finished instances"] == 2
    assert files(archive) == [written]
    assert written.read_bytes() == whole
    assert len(json.loads(run("archived", "b", "--json"))["journal"]) == 3


def test_the_file_is_on_disk_before_a_row_goes(publish: Publish, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(publish(), "a")
    grow_old()
    order: list[str] = []
    drop = store_retention.drop_journals

    def noted(cursor: Cursor, instances: Sequence[int]) -> None:
        order.append("removed")
        drop(cursor, instances)

    monkeypatch.setattr("os.fsync", lambda _: order.append("on disk"))
    monkeypatch.setattr(store_retention, "drop_journals", noted)
    retention.sweep()
    assert order == ["on disk", "on disk", "on disk", "removed"], "the file, its folder, and the folder above"


def test_a_second_sweep_leaves_the_walk_to_the_first(publish: Publish) -> None:
    finish(publish(), "a")
    grow_old()
    Walk.objects.create(name="finished instances")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM runtime_walk FOR UPDATE")
        assert retention.sweep()["finished instances"] == 0
        with other.cursor() as cursor:
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert retention.sweep()["finished instances"] == 1


def test_a_walk_goes_on_where_its_time_ended_and_batches_are_bounded(
    publish: Publish, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "STEP", 4)
    monkeypatch.setattr(retention, "MOST_ROWS", 6)
    finish(publish(), *(f"k{n}" for n in range(9)))
    grow_old()
    assert retention.sweep(budget=0)["finished instances"] == 2, "two instances of three rows each"
    assert retention.sweep(budget=0)["finished instances"] == 2
    assert retention.sweep()["finished instances"] == 5
    assert len(files(archive)) == 5
    assert Walk.objects.get(name="finished instances").position == 0


def test_an_instance_that_somebody_holds_waits_for_the_next_walk(publish: Publish) -> None:
    finish(publish(), "a", "b")
    grow_old()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM runtime_instance WHERE key = 'a' FOR UPDATE")
        assert retention.sweep()["finished instances"] == 1
        with other.cursor() as cursor:
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert retention.sweep()["finished instances"] == 1


def test_the_command_counts_first_and_removes_then(publish: Publish) -> None:
    finish(publish(), "a", "b")
    grow_old()
    assert "2 finished instances have had their time" in run("archive", "--dry-run")
    assert Instance.objects.count() == 2
    assert "4 idempotency keys removed" in run("archive")
    assert Instance.objects.count() == 0


def test_an_archive_that_cannot_be_written_or_read_is_one_sentence(publish: Publish, archive: Path) -> None:
    finish(publish(), "a")
    grow_old()
    archive.write_text("a file where the folder should be")
    with pytest.raises(CommandError, match="Nothing of this batch was removed"):
        run("archive")
    assert Instance.objects.count() == 1
    archive.unlink()
    run("archive")
    (path,) = files(archive)
    for spoilt in (path.read_bytes()[:80], gzip.compress(b""), b"not gzip"):
        path.write_bytes(spoilt)
        with pytest.raises(CommandError, match="The archive cannot be read"):
            run("archived", "a")
    path.unlink()
    with pytest.raises(CommandError, match="The archive cannot be read"):
        run("archived", "a")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("archived", "unknown"), "has no instance “unknown”"),
        (("archived", "a", "--machine", "none"), "no machine “none”"),
        (("archive", "--budget", "0"), "--budget must be"),
        (("archive", "--budget", "nan"), "--budget must be"),
    ],
)
def test_a_refusal_is_one_sentence(args: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run(*args)


def test_history_is_told_at_its_warning_and_events_are_refused_at_its_bound(
    publish: Publish, settings: Settings
) -> None:
    settings.HISTORY_WARNING, settings.HISTORY_LIMIT = 3, 5
    machine = publish(
        draft={
            "on": [{"event": "note"}, {"event": "wait", "target": "draft"}],
            "after": [{"delay": "PT1H", "target": "draft"}],
        }
    )
    instance = start(StartRequest(machine.slug, "a")).instance
    send_many([EventRequest(name, instance=instance) for name in ("note", "wait", "note", "note", "note")])
    drain()
    assert list(JournalEntry.objects.order_by("seq").values_list("outcome", flat=True)) == ["applied"] * 5 + ["error"]
    assert set(Incident.objects.filter(resolved_at=None).values_list("kind", flat=True)) == {"history", "history-full"}
    with pytest.raises(Refusal, match="takes no more events; cancel it, or raise HISTORY_LIMIT") as refused:
        send(EventRequest("note", instance=instance))
    assert (refused.value.code, refused.value.field) == ("too-large", "instance")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE runtime_timer SET due = now(), wake = now()")
    drain()
    assert JournalEntry.objects.get(kind="timer").outcome == "error"
    assert not Instance.objects.get(pk=instance).timers.exists(), "a loop of timers ends there"
    assert verify.check().problems == []

    cancel(instance, "too long", "user:ann")
    drain()
    assert Instance.objects.get(pk=instance).status == "cancelled"
    assert not Incident.objects.filter(resolved_at=None).exists()
