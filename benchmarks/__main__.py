"""`python -m benchmarks [core|rivals|diagrams|durable ...]`: print the figures, kept in results.json too."""

from __future__ import annotations

import importlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import django
from django.test.utils import setup_databases, teardown_databases

PARTS = ("core", "rivals", "diagrams", "durable")
RESULTS = Path(__file__).with_name("results.json")


def main(wanted: list[str]) -> int:
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        print(f"There is no benchmark “{unknown[0]}”; choose of {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False) if not wanted or "durable" in wanted else None
    try:
        found = []
        for name in wanted or PARTS:
            for figure in importlib.import_module(f"benchmarks.{name}").figures():
                print(figure.line(), flush=True)
                found.append({"part": name, **asdict(figure)})
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")
    finally:
        if databases is not None:
            teardown_databases(databases, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
