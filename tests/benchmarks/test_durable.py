"""The benchmarks of the runtime at a tiny scale: they run, tell every figure, and refuse to tell of work not done."""

from __future__ import annotations

import pytest
from celery import current_app

from benchmarks.durable import backlog, due, history
from benchmarks.durable.charts import order
from benchmarks.durable.crew import NOWHERE
from benchmarks.durable.loan import loan, outcome
from benchmarks.durable.peers import Peers
from benchmarks.durable.scale import SCALES
from benchmarks.durable.stage import Stage, proven, set_up
from benchmarks.measure import Wrong, figure
from orchestrator.runtime.models import JournalEntry
from orchestrator.statechart.document import parse
from orchestrator.statechart.validate import validate

TINY = SCALES["tiny"]


@pytest.fixture
def stage(transactional_db: None) -> Stage:
    current_app.conf.update(broker_url=NOWHERE)
    return set_up(order(), 5)


@pytest.mark.django_db(transaction=True)
def test_every_figure_is_told_with_what_it_is_compared_with() -> None:
    current_app.conf.update(broker_url=NOWHERE)
    peers = Peers({"peer": {"drain": 10.0, "one_row": 10.0}})
    told = [*backlog.figures(TINY, peers), *due.figures(TINY), *history.figures(TINY)]
    found = {figure.name: figure for figure in told}
    assert found.keys() >= {"limit", "drain", "bulk", "one_row", "timers", "idle_sweep_p99", "history_cost"}
    assert found["drain"].ratios.keys() == {"limit", "peer"}
    assert all(figure.value > 0 for figure in told)


def test_work_that_was_not_done_is_no_figure(stage: Stage) -> None:
    proven(stage, 0)
    with pytest.raises(Wrong, match="0 journal rows tell of 1 inputs"):
        proven(stage, 1)


def test_a_gap_in_a_journal_is_no_figure(stage: Stage) -> None:
    JournalEntry.objects.filter(instance=stage.ids[2]).delete()
    with pytest.raises(Wrong, match="gap"):
        proven(stage, 0)


def test_a_ratio_is_the_value_over_that_of_the_other() -> None:
    assert figure("drain", "events/s", [10.0, 30.0, 20.0]).compared({"limit": 40.0}).result() == {
        "name": "drain",
        "value": 20.0,
        "unit": "events/s",
        "ratios": {"limit": 0.5},
    }


def test_the_loan_of_the_replay_is_a_sound_machine() -> None:
    assert [problem for problem in validate(parse(loan())) if problem.severity == "error"] == []
    assert outcome("cancelled no_offer leads_rest") == "cancelled"
    assert outcome("finalized offer_accepted leads_rest") == "undecided"
