"""Activities whose worker stops, or dies with each attempt."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack

from tests.chaos.charts import DONE, call, chart
from tests.chaos.checker import await_settled, check
from tests.chaos.client import Client, Event
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import LEASE, System

RUNS = """SELECT a.status, a.attempts, a.late, a.result, a.worker FROM runtime_activityrun a
JOIN runtime_instance i ON i.id = a.instance_id WHERE i.key = %s"""


@fault(12, "SIGSTOP of a worker that holds a lease, then SIGCONT", short=Size(1, 1), full=Size(20, 1))
def stopped(system: System, size: Size, outcome: Outcome) -> None:
    """The call outlives its lease; what it answers then is kept and not applied."""
    system.up()
    system.publish("stopped", _held(system.http.url))
    client = Client(system, "stopped")
    for number in range(size.rounds):
        instance = f"stopped-{number}"
        system.http.gate.clear()
        system.http.waiting.clear()
        client.send([Event(instance, "begin", f"{instance}-begin")])
        system.wait(system.http.waiting.is_set, "the call is under way")
        holder = _holder(system, instance)
        with ExitStack() as stack:
            os.kill(holder, signal.SIGSTOP)
            stack.callback(os.kill, holder, signal.SIGCONT)
            stack.callback(system.http.gate.set)
            await_settled(system, "stopped", outcome, LEASE + 30)
        _check_late(system, instance, holder, outcome)
        outcome.rounds += 1
    check(system, "stopped", client.ledger, outcome)


def _held(url: str) -> dict[str, object]:
    activity = call(f"{url}/held", "held")
    return chart("calling", {"count": 0}, calling={"invoke": [{**activity, "onDone": [{"target": "done"}]}]}, done=DONE)


def _holder(system: System, instance: str) -> int:
    """The process under whose name the activity runs."""
    return int(system.query(RUNS, instance)[0][4].rpartition(":")[2])


def _check_late(system: System, instance: str, holder: int, outcome: Outcome) -> None:
    """I6: the second attempt's answer counts, and the first one's is seen to have come late."""
    late = system.wait(lambda: system.query(RUNS, instance)[0][2], "the late answer is recorded")
    status, attempts, _, result, worker = system.query(RUNS, instance)[0]
    outcome.expect(late.startswith("attempt 1: "), f"recorded as late: {late}")
    outcome.expect((status, attempts) == ("done", 2), f"{instance} is {status} after {attempts} attempts")
    outcome.expect(not worker.endswith(f":{holder}"), f"{instance}: the lease was given to who had lost it")
    outcome.expect('"first": false' in result or '"first":false' in result, f"{instance}: a stale answer was applied")
