"""What every declaration of a machine in code shares: fragments of the document, their places, and the one error."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType
from typing import Any

Document = dict[str, Any]
Duration = str | timedelta  # ISO 8601, `${CEL}`, or a timedelta
UNITS = ((86_400_000_000, "P{}D"), (3_600_000_000, "PT{}H"), (60_000_000, "PT{}M"))  # microseconds


class MachineError(ValueError):
    """A declaration that cannot be a chart: each of `lines` says where it stands, what is wrong, and the mend."""

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        super().__init__("\n  ".join((message, *lines)))
        self.lines = tuple(lines) or (message,)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of the document; its kinds differ in type alone, so that each stands only where it belongs."""

    document: Mapping[str, Any]


def part(**values: object) -> Document:
    """What was given, with the keys of the document; None stands for what was not given."""
    return {_key(name): plain(value) for name, value in values.items() if value is not None}


def plain(value: object) -> Any:
    """A copy in JSON, which nobody can change later."""
    match value:
        case Fragment():
            return plain(value.document)
        case timedelta():
            return _iso(value)
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


def refuse_unknown(options: Mapping[str, object], known: Mapping[str, object], what: str) -> None:
    """Raises TypeError for a keyword that does not exist, as Python does for written-out parameters."""
    unknown = next((name for name in options if name not in known), None)
    if unknown is not None:
        raise TypeError(f"{what} has no “{unknown}”; it may have {', '.join(sorted(known))}.")


def place() -> str:
    """File and line of the declaration: the first caller outside of this package."""
    frame: FrameType | None = sys._getframe(1)
    package = __name__.rpartition(".")[0] + "."
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(package):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""


def _key(name: str) -> str:
    """A name as the document writes it: `expected_within` is `expectedWithin`."""
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _iso(duration: timedelta) -> str:
    total = duration // timedelta(microseconds=1)
    for size, form in UNITS:
        if total and total % size == 0:
            return form.format(total // size)
    whole, rest = divmod(total, 1_000_000)
    return f"PT{whole}.{rest:06}S" if rest else f"PT{whole}S"
