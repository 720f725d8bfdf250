"""The laws of catch-up and overlap, over every policy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.schedules.choosing import GRACE, caught_up, chosen
from orchestrator.schedules.models import Schedule

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ages = st.sets(st.integers(0, 600), max_size=20)
overlaps = st.sampled_from([word for word, _ in Schedule.OVERLAPS])


def times(seconds: set[int]) -> list[datetime]:
    return sorted(NOW - timedelta(seconds=age) for age in seconds)


@given(ages, st.booleans())
def test_catching_up_all_gives_up_none_one_the_latest_skip_what_is_late(seconds: set[int], more: bool) -> None:
    due = times(seconds)
    assert caught_up("all", due, NOW, more) == due
    assert list(caught_up("one", due, NOW, more)) == ([] if more else due[-1:])
    assert caught_up("skip", due, NOW, more) == [at for at in due if NOW - at < GRACE]


@given(overlaps, ages, st.booleans(), st.booleans())
def test_every_time_has_one_fate_and_no_two_instances_overlap_unless_allowed(
    policy: str, seconds: set[int], running: bool, queued: bool
) -> None:
    due = times(seconds)
    choices = chosen(policy, due, running, queued)
    assert [choice.due for choice in choices] == due
    starts = [choice for choice in choices if choice.action == "start"]
    queues = [choice for choice in choices if choice.action == "queue"]
    assert all(choice.reason for choice in choices if choice.action != "start")
    if policy == "allow":
        assert len(starts) == len(due)
    elif policy == "cancel-old":
        assert [choice.due for choice in starts] == due[-1:]
    else:
        assert len(starts) == int(bool(due) and not running and not queued)
        assert len(queues) <= int(policy == "queue-one" and not queued)
        assert not queues or policy == "queue-one"
