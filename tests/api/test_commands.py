"""The shell's commands start, send, show and replay."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from orchestrator.api.models import ApiToken
from orchestrator.definitions.models import Machine
from tests.api.cast import drain, stored

ROOT = Path(__file__).parents[2]


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_an_instance_is_started_driven_and_shown(machine: Machine) -> None:
    assert run("start", "parcel", "p1", "--context", '{"weight": 3}').endswith("(p1) started.\n")
    assert run("start", "parcel", "p1").endswith("(p1) exists already.\n")
    assert run("send", "parcel", "p1", "collect", "--data", '{"by": "Ada"}').endswith("is accepted.\n")
    assert "2 inputs wait" in run("show", "parcel")
    drain()
    shown = run("show", "parcel", "p1")
    assert "in travelling since" in shown
    assert '{"weight": 3}' in shown
    assert "collect applied -> travelling" in shown
    assert "1 travelling" in run("show", "parcel")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("start", "boat", "p1"), "boat"),
        (("start", "parcel", "p1", "--context", "{"), "--context must be a JSON object"),
        (("start", "parcel", "p1", "--context", "[]"), "--context must be a JSON object"),
        (("start", "parcel", ""), "key"),
        (("send", "parcel", "p1", "collect"), "p1"),
        (("show", "boat"), "There is no machine “boat”"),
        (("show", "parcel", "p1"), "has no instance “p1”"),
        (("replay", "absent.csv", "--machine", "parcel", "--url", "http://127.0.0.1:1"), "Give --token with --url"),
        (("replay", "absent.csv", "--machine", "parcel", "--speed", "-1"), "a number above 0, or max"),
        (("replay", "absent.csv", "--machine", "parcel", "--limit", "0"), "a whole number above 0"),
        (("replay", "absent.csv", "--machine", "parcel", "--url", "http://x", "--token", "t"), "No such file"),
        (("replay", "absent.csv", "--machine", "parcel"), "no active administrator"),
    ],
)
def test_a_refusal_is_one_sentence_and_stores_nothing(machine: Machine, args: tuple[str, ...], said: str) -> None:
    before = stored()
    with pytest.raises(CommandError, match=said) as caught:
        run(*args)
    assert "\n" not in str(caught.value)
    assert stored() == before
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("command", [("show", "parcel"), ("token", "--user", "a", "--name", "b")])
def test_a_database_that_is_down_is_one_sentence_without_a_traceback(command: tuple[str, ...]) -> None:
    environment = {**os.environ, "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    done = subprocess.run(
        [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "The database cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
