"""Every address of the worklist, on pages and in the API, for each kind of visitor."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orchestrator.api import tokens
from orchestrator.definitions.models import Machine
from orchestrator.runtime.models import HumanTask, InboxEvent, TaskEntry
from orchestrator.worklist.urls import urlpatterns
from tests.worklist.cast import ANSWER, GROUP, person, signed_in, waiting

PAGES = sorted(str(pattern.name) for pattern in urlpatterns)
OF_ONE = [name for name in PAGES if name != "tasks"]
WHY = {"reason": "x"}
POSTED: dict[str, dict[str, str]] = {
    "claim": {},
    "release": WHY,
    "reassign": {"to": "ann"},
    "answer": ANSWER,
    "reject": WHY,
}
BODIES: dict[str, object] = {**POSTED, "answer": {"answer": {"verdict": "approve"}}}
WHO: dict[str, Callable[[], User]] = {
    "a stranger": lambda: person("stranger"),
    "of another group": lambda: person("clerk", "clerks"),
    "the owner of another machine": lambda: person("other"),
}


@pytest.fixture
def task(machine: Machine) -> HumanTask:
    return waiting(machine)


def visit(client: Client, name: str, task: HumanTask) -> int:
    address = reverse(f"worklist:{name}", args=[] if name == "tasks" else [task.pk])
    return client.post(address, POSTED[name]).status_code if name in POSTED else client.get(address).status_code


def listed(user: User) -> int:
    """How many tasks the API lists for this user."""
    _, secret = tokens.issue(user, "list")
    answer = Client(headers={"Authorization": f"Bearer {secret}"}).get("/api/v1/tasks", {"mine": "false"})
    return int(answer.json()["total"])


def call(user: User, name: str, task: HumanTask) -> int:
    _, secret = tokens.issue(user, name)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    path = f"/api/v1/tasks/{task.pk}"
    if name not in BODIES:
        return client.get(path).status_code
    return client.post(f"{path}/{name}", json.dumps(BODIES[name]), content_type="application/json").status_code


def untouched(task: HumanTask) -> bool:
    task.refresh_from_db()
    nothing = not InboxEvent.objects.exists() and not TaskEntry.objects.exists()
    return nothing and (task.assignee, task.run.status) == ("", "waiting")


@pytest.mark.parametrize("name", PAGES)
def test_an_anonymous_visitor_is_led_to_the_login(task: HumanTask, name: str) -> None:
    assert visit(Client(), name, task) == 302
    assert untouched(task)


@pytest.mark.parametrize("path", ["", "/1", *(f"/1/{name}" for name in POSTED)])
def test_a_program_without_a_token_is_refused(db: None, path: str) -> None:
    answer = Client().post(f"/api/v1/tasks{path}") if path.count("/") > 1 else Client().get(f"/api/v1/tasks{path}")
    assert answer.status_code == 401


def test_a_part_of_a_page_leads_the_browser_to_the_login(task: HumanTask) -> None:
    answer = Client().get(reverse("worklist:tasks"), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == reverse("login")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("name", OF_ONE)
def test_for_everybody_else_the_task_does_not_exist(task: HumanTask, name: str, who: str) -> None:
    user = WHO[who]()
    assert (visit(signed_in(user), name, task), call(user, name, task)) == (404, 404)
    assert untouched(task)
    assert listed(user) == 0
    assert "L-1" not in signed_in(user).get(reverse("worklist:tasks"), {"show": "all"}).content.decode()


@pytest.mark.parametrize("name", POSTED)
def test_who_may_see_every_machine_may_look_but_not_act(task: HumanTask, name: str) -> None:
    watcher = person("watcher", permissions=("view_machine",))
    client = signed_in(watcher)
    assert (visit(client, "task", task), listed(watcher)) == (200, 1)
    assert (visit(client, name, task), call(watcher, name, task)) == (403, 404)
    assert untouched(task)
    assert "Send the answer" not in client.get(reverse("worklist:task", args=[task.pk])).content.decode()


@pytest.mark.parametrize("name", ["task", "claim", "answer", "reject"])
@pytest.mark.parametrize("permissions", [(), ("change_machine",)])
def test_the_group_and_who_may_change_the_machine_may_act(
    task: HumanTask, name: str, permissions: tuple[str, ...]
) -> None:
    user = person("actor", *([] if permissions else [GROUP]), permissions=permissions)
    assert visit(signed_in(user), name, task) in (200, 302)
    assert untouched(task) == (name == "task")


def test_the_owner_of_the_machine_may_act(task: HumanTask, owner: User) -> None:
    assert call(owner, "reject", task) == 200


def test_the_assignee_may_act_without_any_group(task: HumanTask) -> None:
    HumanTask.objects.update(assignee="zoe", group="")
    assert call(person("zoe"), "answer", task) == 200


@pytest.mark.parametrize("name", POSTED)
def test_a_post_without_the_csrf_token_is_refused(task: HumanTask, ann: User, name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ann)
    assert visit(client, name, task) == 403
    assert untouched(task)


@pytest.mark.parametrize("name", POSTED)
def test_nothing_is_changed_by_a_get(task: HumanTask, ann: User, name: str) -> None:
    assert signed_in(ann).get(reverse(f"worklist:{name}", args=[task.pk])).status_code == 405
    assert untouched(task)


@pytest.mark.parametrize("pk", [0, 2**63, 10**30])
def test_an_id_that_cannot_be_is_not_found(ann: User, pk: int) -> None:
    assert signed_in(ann).get(f"/tasks/{pk}").status_code == 404
