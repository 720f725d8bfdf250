"""`python -m benchmarks [--scale tiny|quick|full] [PART ...]`: print the figures, kept in results.json too."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.test.utils import setup_databases, teardown_databases

from benchmarks.durable.scale import SCALES, Scale
from benchmarks.measure import Figure

PARTS = ("core", "rivals", "diagrams", "durable", "growth")
STORED = {"durable": "benchmarks.durable.run", "growth": "benchmarks.durable.growth"}
RESULTS = Path(__file__).with_name("results.json")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", choices=SCALES, default="quick")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where to keep the figures")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    given = parser.parse_args(words)
    for part in given.parts:
        if part not in PARTS:
            parser.error(f"there is no benchmark “{part}”; choose of {', '.join(PARTS)}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orchestrator.settings")
    django.setup()
    found = []
    with _database(needed=bool(STORED.keys() & set(given.parts or PARTS))):
        for part in given.parts or PARTS:
            for figure in _figures(part, SCALES[given.scale]):
                print(figure.line(), flush=True)
                found.append(figure.result())
    given.results.write_text(json.dumps(found, indent=2) + "\n")
    return 0


def _figures(part: str, scale: Scale) -> Iterator[Figure]:
    if part in STORED:
        return iter(importlib.import_module(STORED[part]).figures(scale))
    return iter(importlib.import_module(f"benchmarks.{part}").figures())


@contextmanager
def _database(*, needed: bool) -> Iterator[None]:
    """An empty one beside that of DATABASE_URL, dropped at the end."""
    if not needed:
        yield
        return
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        yield
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
