"""Every fault in its short form, on one running Signalbox; `make chaos` has the full counts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from tests.chaos.controls import same_key_at_once, told_and_killed, two_writers
from tests.chaos.faults import FAULTS
from tests.chaos.outcome import Outcome, strike
from tests.chaos.system import FAKETIME, System, missing

LACKING = list(missing())
pytestmark = pytest.mark.skipif(
    bool(LACKING) and os.environ.get("CI") != "true", reason=f"not installed: {', '.join(LACKING)}"
)
Control = Callable[[System, bool], Outcome]
CONTROLS = [same_key_at_once, two_writers, told_and_killed]
KNOWN = {  # what is not survived yet, each with the reason
    "10-poison_beside_others": "a batch with poison is halved until the event stands alone, three times for each",
}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("chaos")) as running:
        yield running


def _cases() -> Iterator[object]:
    for name in FAULTS:
        known = [pytest.mark.xfail(strict=True, reason=KNOWN[name])] if name in KNOWN else []
        timeless = [pytest.mark.skipif(FAKETIME is None, reason="not installed: faketime")] if name[:2] == "7-" else []
        yield pytest.param(name, marks=[*known, *timeless], id=name)


@pytest.mark.parametrize("name", list(_cases()))
def test_nothing_is_lost_or_doubled(system: System, name: str) -> None:
    outcome = strike(system, FAULTS[name], FAULTS[name].short)
    assert outcome.rounds > 0 or outcome.problems
    assert (outcome.lost, outcome.doubled, outcome.problems) == (0, 0, [])


@pytest.mark.parametrize("control", CONTROLS)
def test_the_scenario_of_a_negative_control_is_survived_as_long_as_nothing_is_sabotaged(
    system: System, control: Control
) -> None:
    outcome = control(system, False)
    assert (outcome.lost, outcome.doubled, outcome.problems) == (0, 0, [])


@pytest.mark.parametrize("control", CONTROLS)
def test_a_safeguard_that_was_taken_out_is_missed(system: System, control: Control) -> None:
    outcome = control(system, True)
    assert outcome.lost + outcome.doubled > 0
