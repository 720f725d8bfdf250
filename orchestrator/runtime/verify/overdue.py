"""I5: what is due is taken up within the grace, and what failed has an incident."""

from __future__ import annotations

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify.laws import Law

COUNTS = {"I5": store_verify.WAITING}
LAWS = (
    Law("I5", store_verify.OVERDUE_INPUTS, "input {0} ({1}) has waited since {2:%Y-%m-%d %H:%M:%S} UTC"),
    Law("I5", store_verify.OVERDUE_TIMERS, "the {0} timer {1} has been due since {2:%Y-%m-%d %H:%M:%S} UTC"),
    Law("I5", store_verify.OVERDUE_EFFECTS, "activity {0} is {1} and has been due since {2:%Y-%m-%d %H:%M:%S} UTC"),
    Law("I5", store_verify.UNTOLD, "it has failed and no incident is open"),
)
