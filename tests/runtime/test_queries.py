from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from orchestrator.runtime import listings, queries
from orchestrator.runtime.advance import drain
from orchestrator.runtime.commands import EventRequest, StartRequest, cancel, send_many, start, start_many
from orchestrator.runtime.listings import InstanceFilter
from orchestrator.runtime.models import Incident, Instance
from tests.runtime.conftest import Publish

pytestmark = pytest.mark.django_db
PAST = datetime(2012, 3, 1, tzinfo=UTC)


@pytest.fixture
def machine(publish: Publish) -> int:
    """Three in draft (one of them stuck), one in review, one done, one cancelled."""
    made = publish()
    start_many([StartRequest(made.slug, f"k{n}", occurred_at=PAST + timedelta(days=n)) for n in range(6)])
    send_many([EventRequest("submit", machine=made.slug, key=key, source="log") for key in ("k3", "k4", "k5")])
    send_many([EventRequest("approve", machine=made.slug, key=key, source="log") for key in ("k1", "k4", "k5")])
    drain()
    stuck = Instance.objects.get(key="k0")
    cancel(Instance.objects.get(key="k3").pk, "no", "user:ann")
    drain()
    Incident.objects.create(
        instance=stuck, machine=made, version=stuck.version, kind="overdue", state="draft", message="late", since=PAST
    )
    return made.pk


def test_counts_stand_in_document_order_with_the_stuck_and_the_longest_wait(machine: int) -> None:
    counts = {count.state: count for count in queries.state_counts(machine)}
    assert next(iter(counts)) == "draft"
    assert (counts["draft"].count, counts["draft"].stuck, counts["draft"].oldest) == (3, 1, PAST)
    assert (counts["done"].count, counts["done"].stuck, counts["done"].oldest) == (2, 0, None)
    assert "review" not in counts, "a cancelled instance stands nowhere"


def test_a_summary_tells_running_from_finished(machine: int) -> None:
    summary = queries.summaries([machine, 0])[machine]
    assert (summary.running, summary.finished, summary.failed, summary.stuck) == (3, 3, 0, 1)
    assert summary.finished_today == 3
    assert 0 not in queries.summaries([0])


def test_outcomes_of_a_source_are_counted(machine: int) -> None:
    assert queries.journal_outcomes("log", machine) == {"applied": 5, "ignored": 1}


def test_throughput_counts_every_applied_row_once(machine: int) -> None:
    points = queries.throughput(machine, timezone.now() - timedelta(hours=1), 12)
    assert len(points) == 12
    assert sum(point.events for point in points) == sum(p.events for p in queries.throughput(None, PAST, 7)) == 12


def test_what_waits_is_counted_until_it_is_applied(publish: Publish) -> None:
    made = publish()
    start(StartRequest(made.slug, "a"))
    assert queries.pending() == queries.pending(made.pk) == queries.health().pending == 1
    assert queries.pending(made.pk + 1) == 0
    drain()
    assert queries.pending() == 0


def test_a_journal_is_read_forwards_and_backwards(machine: int) -> None:
    instance = Instance.objects.get(key="k4").pk
    rows = queries.journal(instance)
    assert [row.name for row in rows] == ["start", "submit", "approve"]
    assert rows[1].detail["entered"] == ["review"]
    assert [row.seq for row in queries.journal(instance, after=1, limit=1)] == [2]
    assert [row.seq for row in queries.latest_journal(instance, before=3)] == [2, 1]


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ({}, ["k5", "k4", "k3", "k2", "k1", "k0"]),
        ({"status": "completed"}, ["k5", "k4"]),
        ({"state": "draft", "stuck": True}, ["k0"]),
        ({"search": "k2"}, ["k2"]),
        ({"search": "9" * 30}, []),
    ],
)
def test_instances_are_listed_newest_first_by_filter(machine: int, wanted: dict[str, object], keys: list[str]) -> None:
    page = listings.instances(InstanceFilter(machine=machine, **wanted))  # type: ignore[arg-type]
    assert ([row.key for row in page.rows], page.total) == (keys, len(keys))


def test_a_page_past_the_end_is_the_last_one(machine: int) -> None:
    page = listings.instances(InstanceFilter(machine=machine), page=99, limit=4)
    assert ([row.key for row in page.rows], page.page, page.pages) == (["k1", "k0"], 2, 2)


def test_an_instance_is_shown_in_full(machine: int) -> None:
    instance = Instance.objects.get(key="k0").pk
    detail = listings.instance_detail(instance)
    assert detail is not None
    assert (detail.row.key, detail.entered["draft"], detail.pending) == ("k0", PAST, 0)
    assert [incident.kind for incident in detail.incidents] == ["overdue"]
    assert listings.instance_detail(0) is None
    assert listings.instance_of_key(machine, "k0") == instance


def test_stuck_ones_are_grouped_by_state_with_the_oldest(machine: int) -> None:
    assert listings.stuck_groups(machine) == [listings.StuckGroup("draft", "overdue", 1, PAST)]
    assert [row.key for row in listings.incidents(machine, state="draft")] == ["k0"]
    assert listings.failures(machine) == []


def test_dwell_tells_how_long_states_were_held(publish: Publish) -> None:
    made = publish()
    for hours, key in ((1, "a"), (3, "b")):
        send_many(
            [
                EventRequest("note", machine=made.slug, key=key, start=True, occurred_at=PAST),
                EventRequest("submit", machine=made.slug, key=key, occurred_at=PAST + timedelta(hours=hours)),
            ]
        )
    drain()
    (dwell,) = listings.state_dwell(made.pk)
    assert (dwell.state, dwell.count, dwell.p50, round(dwell.p95)) == ("draft", 2, 7200.0, 10_440)
