"""`python dbos_peer.py STEPS EVENTS`: print what DBOS does a second: steps, and events sent and received."""

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS, SendMessage

LENGTH = 5  # steps of a workflow
THREADS = 8
WORKFLOWS = 20  # that receive
BULK = 1_000
STATES = 10
SECONDS = 600
MESSAGE = {"order": "A-12345", "amount": 250, "quantity": 1, "note": "hello"}


@DBOS.step()
def step(state):
    return (state + 1) % STATES


@DBOS.workflow()
def walk(state):
    for _ in range(LENGTH):
        state = step(state)
    return state


@DBOS.workflow()
def machine(events):
    state = 0
    for _ in range(events):
        message = DBOS.recv("next", timeout_seconds=SECONDS)
        if message["amount"] > 100 and message["quantity"] < STATES:
            state = (state + 1) % STATES
    return state


def steps(wanted):
    """Workflows of five steps each, from several threads."""
    count = max(1, wanted // LENGTH)
    with ThreadPoolExecutor(THREADS) as pool:
        begun = time.perf_counter()
        ended = list(pool.map(walk, [0] * count))
        seconds = time.perf_counter() - begun
    if ended != [LENGTH % STATES] * count:
        sys.exit("a workflow ended elsewhere")
    return count * LENGTH / seconds


def send_each(machines, each):
    """One message for each event, each with a commit of its own, from several threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda at: [DBOS.send(at, MESSAGE, "next") for _ in range(each)], machines))


def send_bulk(machines, each):
    """The same in calls of many."""
    messages = [SendMessage(at, MESSAGE, "next") for _ in range(each) for at in machines]
    for first in range(0, len(messages), BULK):
        DBOS.send_bulk(messages[first : first + BULK])


def sent(events, send):
    """Events sent to waiting workflows and received by them."""
    each = max(1, events // WORKFLOWS)
    handles = [DBOS.start_workflow(machine, each) for _ in range(WORKFLOWS)]
    begun = time.perf_counter()
    send([handle.workflow_id for handle in handles], each)
    ended = [handle.get_result() for handle in handles]
    seconds = time.perf_counter() - begun
    if ended != [each % STATES] * WORKFLOWS:
        sys.exit("a machine ended elsewhere: a message was lost or doubled")
    return WORKFLOWS * each / seconds


def main(wanted, events):
    database = os.environ["DATABASE_URL"].replace("postgres://", "postgresql+psycopg://", 1)
    DBOS(config={"name": "bench", "system_database_url": database, "log_level": "ERROR", "sys_db_pool_size": 40})
    DBOS.launch()
    walk(0)
    print(json.dumps({"drain": steps(wanted), "one_row": sent(events, send_each), "bulk": sent(events, send_bulk)}))
    DBOS.destroy()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
