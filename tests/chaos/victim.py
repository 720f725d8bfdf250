"""`python -m tests.chaos.victim`: forks a child for each order it reads, and says how the child ended.

The child is a process like a worker's: it opens its own connections and may be killed at any point. A fork is twenty
times cheaper than a start, which is what makes it possible to kill at every point there is.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import django
from django.db import connection


def main() -> None:
    django.setup()
    module = import_module("tests.chaos.jobs")  # models can be imported once Django is set up
    module.warm()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _obey(module.JOBS, json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _obey(jobs: Mapping[str, Any], order: Mapping[str, Any]) -> None:
    """Run the job in this child; what it tells and returns are lines of a file, which outlives it."""
    if order["database"]:
        connection.settings_dict["NAME"] = order["database"]
    with Path(order["out"]).open("a", buffering=1) as out:

        def tell(what: object) -> None:
            out.write(json.dumps({"told": what}) + "\n")

        answer = jobs[order["job"]](tell, **order["given"])
        out.write(json.dumps({"answer": answer}) + "\n")
    os._exit(0)


if __name__ == "__main__":
    main()
