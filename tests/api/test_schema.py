"""The OpenAPI description, and what a fuzzer makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from orchestrator.definitions.models import Machine
from tests.api.cast import Caller

CASES = 40  # per operation


def test_the_documentation_is_served(db: None) -> None:
    assert Client().get("/api/v1/docs").status_code == 200
    described = Client().get("/api/v1/openapi.json").json()
    assert set(described["paths"]) == {
        "/api/v1/machines",
        "/api/v1/machines/{slug}/instances",
        "/api/v1/machines/{slug}/events",
        "/api/v1/machines/{slug}/summary",
        "/api/v1/machines/{slug}/migrate",
        "/api/v1/machines/{slug}/rollout",
        "/api/v1/machines/{slug}/schedules",
        "/api/v1/machines/{slug}/schedules/{name}",
        "/api/v1/machines/{slug}/schedules/{name}/pause",
        "/api/v1/machines/{slug}/schedules/{name}/resume",
        "/api/v1/machines/{slug}/schedules/{name}/firings",
        "/api/v1/machines/{slug}/schedules/{name}/backfills",
        "/api/v1/schedules/preview",
        "/api/v1/instances/{pk}",
        "/api/v1/instances/{pk}/events",
        "/api/v1/instances/{pk}/skip",
        "/api/v1/instances/{pk}/move",
        "/api/v1/instances/{pk}/journal",
        "/api/v1/tasks",
        "/api/v1/tasks/{pk}",
        "/api/v1/tasks/{pk}/claim",
        "/api/v1/tasks/{pk}/release",
        "/api/v1/tasks/{pk}/reassign",
        "/api/v1/tasks/{pk}/answer",
        "/api/v1/tasks/{pk}/reject",
    }


@pytest.mark.django_db(transaction=True)
def test_generated_requests_never_give_a_5xx(machine: Machine, ada: User, caller: Caller) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    seen: set[int] = set()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=CASES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def fuzz(case: schemathesis.Case[Any]) -> None:
            response = case.call(headers={"Authorization": f"Bearer {caller.secret}"})
            seen.add(response.status_code)
            assert response.status_code < 500, response.text

        fuzz()
    assert {200, 404, 422} & seen
