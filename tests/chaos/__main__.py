"""`make chaos`: every fault with its full counts, or those named; prints a table and keeps it with the seeds.

python -m tests.chaos [--short] [--seed 7] [--keep FOLDER] [--json FILE] [NAME or ROW ...]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.chaos.faults import FAULTS
from tests.chaos.outcome import strike
from tests.chaos.report import Report
from tests.chaos.system import System, missing

PLACE = Path(__file__).parents[2] / "var" / "chaos"


def main(words: Sequence[str]) -> int:
    asked = _parsed(words)
    lacking = list(missing())
    if lacking:
        print(f"Install {', '.join(lacking)} first.", file=sys.stderr)
        return 2
    names = [name for name, found in FAULTS.items() if not asked.which or {name, str(found.row)} & set(asked.which)]
    if not names:
        print(f"There is no such fault; the faults are {', '.join(FAULTS)}.", file=sys.stderr)
        return 2
    report = Report(asked.json, f"{os.cpu_count()} CPUs, {platform.machine()}, Python {platform.python_version()}")
    for name in names:
        found = FAULTS[name]
        size = found.short if asked.short else found.full
        size = replace(size, seed=asked.seed or size.seed)
        with _folder(asked.keep) as folder, System(folder) as system:
            begun = time.monotonic()
            outcome = strike(system, found, size)
            report.add(name, found, size, outcome, time.monotonic() - begun)
        print(f"{name} (seed {size.seed}): {'; '.join(outcome.problems[:5]) or 'holds'}", flush=True)
    print(report.table())
    return 0 if report.holds(names) else 1


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break Signalbox and look what is left.")
    parser.add_argument("which", nargs="*", help="names or rows of faults; without one all of them")
    parser.add_argument("--short", action="store_true", help="the counts of make test")
    parser.add_argument("--seed", type=int, default=0, help="another seed than the fixed one")
    parser.add_argument("--keep", type=Path, help="a folder for the files and logs of the services, kept afterwards")
    parser.add_argument("--json", type=Path, default=PLACE / "chaos.json", help="where results are gathered")
    return parser.parse_args(words)


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """Each fault has services and a database of its own."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="signalbox-chaos-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    else:
        kept.mkdir(parents=True, exist_ok=True)
        yield Path(tempfile.mkdtemp(dir=kept))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
