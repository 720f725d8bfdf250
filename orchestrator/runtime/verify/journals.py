"""I2: a journal numbers its rows 1, 2, 3 and so on, and belongs to an instance."""

from __future__ import annotations

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify.laws import Law

COUNTS = {"I2": store_verify.COUNTED}
LAWS = (
    Law("I2", store_verify.GAPS, "the journal has {0} rows with {1} numbers from {2} to {3}"),
    Law("I2", store_verify.ORPHANS, "there are {0} journal rows and no such instance"),
)
