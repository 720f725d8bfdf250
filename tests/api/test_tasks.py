"""Human tasks through the API: who the token's user is decides what is seen and done."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orchestrator.runtime.models import HumanTask, Instance
from tests.api.cast import Caller, drain
from tests.worklist.cast import GROUP, person, published, waiting


@pytest.fixture
def task(ada: User) -> HumanTask:
    return waiting(published(ada))


@pytest.fixture
def ann(db: None) -> Caller:
    return Caller(person("ann", GROUP))


def test_a_task_is_listed_read_and_answered_once(task: HumanTask, ann: Caller) -> None:
    status, found = ann.get("/tasks")
    assert (status, found["total"], found["tasks"][0]["id"]) == (200, 1, task.pk)
    assert (found["tasks"][0]["machine"], found["tasks"][0]["key"], found["tasks"][0]["overdue"]) == (
        "loan",
        "L-1",
        False,
    )
    _, one = ann.get(f"/tasks/{task.pk}")
    assert one["form"][0] == {
        "name": "verdict",
        "label": "Verdict",
        "type": "choice",
        "required": True,
        "options": ["approve", "decline"],
        "default": None,
    }
    status, done = ann.post(f"/tasks/{task.pk}/answer", {"answer": {"verdict": "approve", "amount": 3}})
    assert (status, done["status"], done["answeredBy"], done["history"][0]["actor"]) == (
        200,
        "done",
        "ann",
        "token:ann/ci",
    )
    status, again = ann.post(f"/tasks/{task.pk}/answer", {"answer": {"verdict": "decline"}})
    assert (status, again["error"]["code"]) == (409, "conflict")
    drain()
    assert Instance.objects.get().configuration == "decided"
    assert ann.get("/tasks")[1]["total"] == 0


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "verdict"),
        ({"answer": {"verdict": "perhaps"}}, 422, "verdict"),
        ({"answer": {"verdict": "approve", "amount": "3"}}, 422, "amount"),
        ({"answer": {"verdict": "approve", "other": 1}}, 422, "other"),
        ({"answer": [1]}, 422, "answer"),
        ({"reply": {}}, 422, "reply"),
        ({"answer": {"verdict": "approve", "note": "x" * 300_000}}, 413, "answer"),
    ],
)
def test_a_wrong_answer_names_its_field(
    task: HumanTask, ann: Caller, body: dict[str, object], status: int, field: str
) -> None:
    code, answer = ann.post(f"/tasks/{task.pk}/answer", body)
    assert (code, answer["error"]["field"]) == (status, field)
    task.refresh_from_db()
    assert task.run.status == "waiting"


def test_a_task_is_claimed_given_back_and_handed_over(task: HumanTask, ann: Caller) -> None:
    bob = Caller(person("bob", GROUP))
    assert ann.post(f"/tasks/{task.pk}/claim", {})[1]["assignee"] == "ann"
    assert bob.post(f"/tasks/{task.pk}/claim", {})[1]["error"]["message"] == "ann has this task in hand"
    assert bob.get("/tasks")[1]["total"] == 0
    assert bob.get("/tasks", mine="false")[1]["total"] == 1


def test_a_rejection_tells_the_machine_its_class(task: HumanTask, ann: Caller) -> None:
    status, answer = ann.post(f"/tasks/{task.pk}/reject", {"reason": "r", "errorClass": "not a name"})
    assert (status, answer["error"]["field"]) == (422, "errorClass")
    assert ann.post(f"/tasks/{task.pk}/reject", {"reason": "no papers", "errorClass": "Incomplete"})[0] == 200
    drain()
    assert Instance.objects.get().configuration == "refused"
