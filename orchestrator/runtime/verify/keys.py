"""I1: an event that was acknowledged under a key is waiting or journaled, and never twice."""

from __future__ import annotations

from orchestrator.runtime import store_verify
from orchestrator.runtime.verify.laws import Law

COUNTS = {"I1": store_verify.KEYS}
LAWS = (
    Law("I1", store_verify.LOST_KEYS, "key {0} was acknowledged as event {1}, which neither waits nor is journaled"),
    Law("I1", store_verify.REPEATED_KEYS, "key {0} of sender {1} was acknowledged {2} times"),
    Law("I1", store_verify.REPEATED_INPUTS, "input {0} has {1} rows in inbox and journals"),
)
