"""One event is one task: lock the row, take the transition, save, append the history, in one transaction."""

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "celery_fsm.settings")
django.setup()

from django.db import transaction  # noqa: E402

from celery_fsm.models import STATES, Log, Order  # noqa: E402, F401 - models need Django set up

app = Celery("celery_fsm", broker=os.environ["BROKER_URL"])
app.conf.update(
    CELERY_DB_REUSE_MAX=1_000_000_000,  # tasks before Celery closes the connection
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=16,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
)


@app.task
def go(order, payload):
    with transaction.atomic():
        found = Order.objects.select_for_update().get(pk=order)
        source = found.state
        getattr(found, f"go_{source}")()
        found.save(update_fields=["state", "updated"])
        Log.objects.create(order=found, event="go", source=source, target=found.state, payload=payload)
