"""Activities whose worker stops, or dies with each attempt."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from functools import partial
from typing import Any

from tests.chaos.charts import harmful, held, parcel
from tests.chaos.checker import await_settled, check, check_parcels
from tests.chaos.client import Client, Event, load
from tests.chaos.outcome import Outcome, Size, fault
from tests.chaos.system import LEASE, OURS, System
from tests.embedded.outside import lives

RUNS = """SELECT a.status, a.attempts, a.late, a.result, a.worker FROM runtime_activityrun a
JOIN runtime_instance i ON i.id = a.instance_id WHERE i.key = %s"""
STOPPED = "the worker stopped before it answered"
CRASHES = 3  # attempts that dying workers may lose
ATTEMPTS = f"SELECT attempts, status, last_error FROM runtime_activityrun WHERE instance_id IN ({OURS})"
EXPIRE = "UPDATE runtime_activityrun SET lease_until = now() WHERE id = %s AND worker = %s AND status = 'running'"
HELD = f"SELECT id, worker FROM runtime_activityrun WHERE status = 'running' AND instance_id IN ({OURS})"


@fault(12, "SIGSTOP of a worker that holds a lease, then SIGCONT", short=Size(1, 1), full=Size(20, 1))
def stopped(system: System, size: Size, outcome: Outcome) -> None:
    """The call outlives its lease; what it answers then is kept and not applied."""
    system.up()
    system.publish("stopped", held(system.http.url))
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


@fault(11, "worker out of memory", short=Size(2, 100), full=Size(20, 2_000))
def out_of_memory(system: System, size: Size, outcome: Outcome) -> None:
    """An activity that kills its process uses up its attempts and is over; the others go on beside it."""
    system.up()
    for kind in ("die", "eat"):
        system.publish(kind, harmful(f"chaos.{kind}"))
        client = Client(system, kind)
        client.send([Event(f"{kind}-{number}", "begin", f"{kind}-{number}") for number in range(size.rounds)])
        system.wait(partial(_bury, system, kind), f"{kind} is over", 120)
        outcome.rounds += size.rounds
        check(system, kind, client.ledger, outcome)
    deaths = system.query(ATTEMPTS, "die")
    outcome.expect(all(row == (CRASHES, "failed", STOPPED) for row in _summed(deaths)), f"killed activities: {deaths}")
    eaten = system.query(ATTEMPTS, "eat")
    outcome.expect(all(row == (1, "failed", "MemoryError") for row in _summed(eaten)), f"hungry activities: {eaten}")
    system.publish("beside", parcel(system.http.url))
    client, sent = Client(system, "beside"), list[Event]()
    for events in load("beside", size):
        client.send(events)
        sent.extend(events)
    await_settled(system, "beside", outcome)
    check_parcels(system, "beside", client, sent, outcome)


def _bury(system: System, slug: str) -> bool:
    """Whether all is over; the leases of the dead run out at once, which saves waiting for them."""
    for activity, worker in system.query(HELD, slug):
        if not lives(int(worker.rpartition(":")[2])):
            system.query(EXPIRE, activity, worker)
    return system.left(slug) == 0


def _summed(rows: list[tuple[Any, ...]]) -> list[tuple[int, str, str]]:
    return [(attempts, status, error.partition(":")[0]) for attempts, status, error in rows]
