"""`python -m celery_fsm.drive EVENTS`: let so many events wait in Redis, start a worker, print what it did a second."""

import json
import random
import subprocess
import sys
import time

from django.db import connection
from django.db.models import Count, Max, Min

from celery_fsm.tasks import STATES, Log, Order, app, go

ORDERS = 20_000
WORKER = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--pool", "prefork", "--concurrency", "2")
STALLED = 60  # seconds


def main(events):
    orders = set_up()
    with app.producer_pool.acquire(block=True) as producer:
        for _ in range(events):
            go.apply_async((random.choice(orders), {"quantity": 1, "note": "hello"}), producer=producer)  # noqa: S311
    words = ("--app", "celery_fsm.tasks", "--quiet", "worker", "--loglevel", "ERROR", *WORKER)
    command = [sys.executable, "-W", "ignore", "-m", "celery", *words]
    worker = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_for(events)
    finally:
        worker.terminate()
        worker.wait()
    check(events)
    span = Log.objects.aggregate(first=Min("at"), last=Max("at"))
    print(json.dumps({"drain": (events - 1) / (span["last"] - span["first"]).total_seconds()}))


def set_up():
    with connection.schema_editor() as schema:
        schema.create_model(Order)
        schema.create_model(Log)
    orders = [Order(data={"order": "A-12345", "amount": 250, "customer": "Ada Lovelace"}) for _ in range(ORDERS)]
    return [order.pk for order in Order.objects.bulk_create(orders, batch_size=2_000)]


def wait_for(events):
    done, moved = 0, time.monotonic()
    while (now := Log.objects.count()) < events:
        if now > done:
            done, moved = now, time.monotonic()
        if time.monotonic() - moved > STALLED:
            sys.exit(f"only {now} of {events} tasks were done")
        time.sleep(0.2)


def check(events):
    """Each order stands where its history says."""
    if Log.objects.count() != events:
        sys.exit(f"{Log.objects.count()} transitions of {events} events")
    for order in Order.objects.annotate(steps=Count("log")).exclude(state="s0", steps=0):
        if order.state != f"s{order.steps % STATES}":
            sys.exit(f"order {order.pk} stands in {order.state} after {order.steps} steps")


if __name__ == "__main__":
    main(int(sys.argv[1]))
