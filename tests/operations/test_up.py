"""What `manage.py up` prepares in an empty database; the process as a whole is tested with the embedded services."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from orchestrator.alerts.recipients import recipients_of
from orchestrator.definitions.machines import create_machine
from orchestrator.definitions.models import Machine
from orchestrator.operations.management.commands.up import Command


@pytest.mark.django_db(transaction=True)
def test_out_of_the_box_the_alerts_of_every_machine_reach_the_administrator(tmp_path: Path) -> None:
    Command(stdout=StringIO())._prepare(tmp_path)
    create_machine(User.objects.get(), "Holiday request", {"signalbox": 1, "states": {}})
    told = [recipients_of(machine) for machine in Machine.objects.select_related("owner")]
    assert len(told) > 1
    assert all(told_of_one == ["admin@localhost"] for told_of_one in told)
