"""Replaying a log through the real API with a worker beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.db import connection

from orchestrator.api import tokens
from orchestrator.runtime.advance import drain
from orchestrator.runtime.models import InboxEvent, Instance, JournalEntry
from orchestrator.sdk import replay as replaying
from orchestrator.sdk.client import ApiError, Client
from orchestrator.sdk.eventlog import LogError
from orchestrator.sdk.replay import Outcome, Plan, replay
from tests.api.cast import published

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = "case,event,lifecycle,time,resource,case:WEIGHT\n"
JOURNEY = ("collect", "sing", "hand.over", "collect")


def row(case: str, event: str, minute: int) -> str:
    return f"{case},{event},COMPLETE,2011-10-01T00:{minute:02}:00+02:00,7,3\n"


def log_of(folder: Path, cases: int = 40) -> Path:
    """Cases that interleave: each is collected, sings (unknown to the machine), arrives, and is sent once more."""
    rows = [row(f"c{case}", event, minute) for minute, event in enumerate(JOURNEY) for case in range(cases)]
    path = folder / "log.csv"
    path.write_text(HEADER + "".join(rows) + row("late", "collect", 30), encoding="utf-8")
    return path


@pytest.fixture
def owner() -> User:
    current_app.conf.update(broker_url="memory://", task_ignore_result=True)
    return User.objects.create_user("ada")


@pytest.fixture
def client(owner: User) -> Iterator[Client]:
    published(owner)
    _, secret = tokens.issue(owner, "replay", timedelta(hours=1))
    transport = httpx.WSGITransport(app=get_wsgi_application())
    with Client("http://testserver", secret, transport=transport) as client:
        yield client


@pytest.fixture
def worker() -> Iterator[None]:
    """Applies what waits, as a Celery worker would."""
    stop = Event()

    def work() -> None:
        while not stop.wait(0.02):
            drain()
        connection.close()

    thread = Thread(target=work)
    thread.start()
    yield
    stop.set()
    thread.join()


def quiet(text: str) -> None:
    pass


def figures(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.sent, outcome.applied, outcome.ignored, outcome.lost


def test_a_log_is_applied_in_the_order_of_each_case_and_nothing_is_lost(
    tmp_path: Path, client: Client, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "BATCH_EVENTS", 7)
    outcome = replay(Plan(log_of(tmp_path), "parcel"), client, quiet)
    assert figures(outcome) == (161, 81, 80, 0)
    assert {row["state"]: row["count"] for row in outcome.summary["states"]} == {"travelling": 1, "delivered": 40}
    found = client.find("parcel", "late")
    assert found is not None
    assert client.instance(found["id"])["entered"]["travelling"] == "2011-09-30T22:30:00Z"
    sent = client.journal(found["id"])["entries"][-1]
    assert sent["data"] == {"lifecycle": "COMPLETE", "resource": "7", "case": {"WEIGHT": "3"}}


def test_a_second_replay_doubles_nothing(tmp_path: Path, client: Client, worker: None) -> None:
    first = replay(Plan(log_of(tmp_path), "parcel"), client, quiet)
    rows = Instance.objects.count(), JournalEntry.objects.count()
    second = replay(Plan(log_of(tmp_path), "parcel"), client, quiet)
    assert figures(second) == figures(first)
    assert (Instance.objects.count(), JournalEntry.objects.count()) == rows


def test_a_limit_sends_only_the_first_events(tmp_path: Path, client: Client, worker: None) -> None:
    assert figures(replay(Plan(log_of(tmp_path), "parcel", limit=10), client, quiet)) == (10, 10, 0, 0)
    assert Instance.objects.count() == 10


def test_a_speed_keeps_the_distances_in_time(tmp_path: Path, client: Client, worker: None) -> None:
    outcome = replay(Plan(log_of(tmp_path, cases=2), "parcel", speed=3_000), client, quiet)
    assert figures(outcome)[3] == 0
    assert outcome.seconds >= 30 * 60 / 3_000


def test_a_log_with_one_bad_row_sends_nothing(tmp_path: Path, client: Client) -> None:
    path = log_of(tmp_path)
    path.write_text(path.read_text() + "c1,A,COMPLETE,soon,,\n")
    with pytest.raises(LogError, match="Row 162"):
        replay(Plan(path, "parcel"), client, quiet)
    assert not InboxEvent.objects.exists()


def test_an_unknown_machine_is_said(tmp_path: Path, client: Client) -> None:
    with pytest.raises(ApiError, match="no machine “boat”"):
        replay(Plan(log_of(tmp_path), "boat"), client, quiet)


def test_what_is_refused_is_lost_and_said_why(
    tmp_path: Path, client: Client, worker: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.csv"
    path.write_text(HEADER + row("c1", "collect", 1) + row("c1", "after.x", 2), encoding="utf-8")
    outcome = replay(Plan(path, "parcel"), client, quiet)
    assert figures(outcome) == (2, 1, 0, 1)
    assert "reserved" in outcome.reasons[0]


def test_without_a_worker_the_replay_gives_up_in_a_sentence(
    tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "GIVE_UP_AFTER", 0.2)
    monkeypatch.setattr(replaying, "POLL", 0.05)
    with pytest.raises(replaying.ReplayError, match="is a worker running"):
        replay(Plan(log_of(tmp_path), "parcel"), client, quiet)
