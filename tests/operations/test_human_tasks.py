"""An instance that waits for a person says so, and leads to the task."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orchestrator.runtime.models import HumanTask
from tests.worklist.cast import published, waiting


def test_the_page_of_an_instance_says_what_a_person_is_asked(client: Client, root: User) -> None:
    task: HumanTask = waiting(published(root))
    page = client.get(reverse("admin:operations_instance", args=[task.run.instance_id])).content.decode()
    assert "waiting for a person to do Decide" in page
    assert reverse("worklist:task", args=[task.pk]) in page
    dialog = client.get(reverse("admin:operations_cancel", args=[task.run.instance_id])).content.decode()
    assert "1 running activity is stopped" in dialog
