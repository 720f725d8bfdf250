"""Liveness and readiness."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from celery import current_app
from django.db import OperationalError, connection
from django.test import Client

from orchestrator.runtime.models import Heartbeat
from tests.api.cast import Caller

pytestmark = pytest.mark.django_db


def checks(path: str = "/readyz") -> tuple[int, dict[str, Any]]:
    response = Client().get(path)
    lines = [json.loads(line) for line in response.content.decode().splitlines()]
    return response.status_code, {line["check"]: line for line in lines}


def test_the_process_is_up() -> None:
    assert checks("/healthz")[0] == 200


def test_ready_needs_a_worker_and_beat() -> None:
    status, found = checks()
    assert (status, found["database"]["ok"], found["broker"]["ok"]) == (503, True, True)
    assert "Start a Celery worker" in found["worker"]["message"]
    Heartbeat.objects.create(name="w1", kind="worker")
    Heartbeat.objects.create(name="b1", kind="beat")
    assert checks()[0] == 200


def test_a_silent_worker_is_not_ready() -> None:
    Heartbeat.objects.create(name="w1", kind="worker", seen_at="2020-01-01T00:00:00Z")
    Heartbeat.objects.create(name="b1", kind="beat")
    status, found = checks()
    assert (status, found["worker"]["ok"], found["beat"]["ok"]) == (503, False, True)


def test_a_broker_that_is_down_is_said_quickly() -> None:
    current_app.conf.update(broker_url="redis://127.0.0.1:1/0")
    begun = time.monotonic()
    status, found = checks()
    assert (status, found["broker"]["ok"]) == (503, False)
    assert time.monotonic() - begun < 10


def test_a_database_that_is_down_is_one_plain_sentence(caller: Caller) -> None:
    def refuse(*args: object) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        status, found = checks()
        answer = caller.get("/machines")
    assert (status, found["database"]["ok"]) == (503, False)
    assert answer[0] == 503
    assert answer[1]["error"]["code"] == "unavailable"
    assert "nothing was stored" in answer[1]["error"]["message"]
