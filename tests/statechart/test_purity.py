"""The pure core loads no framework: importing it in a fresh process brings in nothing of Django."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.statechart.support import ROOT

FRAMEWORKS = ("django", "celery", "psycopg", "redis", "kombu", "httpx")
PARTS = sorted(path.stem for path in (ROOT / "orchestrator" / "statechart").glob("[a-z]*.py"))


def loaded_by(module: str) -> set[str]:
    """The frameworks which importing this module brings into a new interpreter."""
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    found = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    return set(found.split()) & set(FRAMEWORKS)


@pytest.mark.parametrize("part", ["transition", "validate", "document"])
def test_a_part_of_the_core_loads_no_framework(part: str) -> None:
    assert loaded_by(f"orchestrator.statechart.{part}") == set()


def test_no_part_of_the_core_loads_a_framework() -> None:
    assert {"transition", "lifecycle", "cel_values"} < set(PARTS)
    assert loaded_by(", ".join(f"orchestrator.statechart.{part}" for part in PARTS)) == set()


def test_a_part_that_did_would_be_found() -> None:
    assert "django" in loaded_by("orchestrator.definitions.fields")
