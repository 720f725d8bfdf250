"""What guards say of one another, where it can be told: conjunctions of comparisons of a path with constants.

Between the constants that a path is compared with nothing changes, so a few samples stand for all its values.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from orchestrator.statechart.checks.tokens import Token, plain, tokens

Constant = bool | str | int | Fraction
Limit = tuple[str, Constant]
COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
SPLITTERS = ("||", "?", ":")
MAX_LIMITS = 24  # comparisons of one path; more are not looked into
MAX_NESTING = 20
MAX_PARTS = 50


@dataclass(frozen=True, slots=True)
class Guard:
    """`limits` of each path, and the `opaque` conditions of which nothing is known but their text."""

    limits: Mapping[str, tuple[Limit, ...]]
    opaque: frozenset[str] = frozenset()
    never: bool = False


ALWAYS = Guard({})


@lru_cache(maxsize=4_096)
def read(text: str | None) -> Guard:
    """What a guard demands; no guard demands nothing."""
    if text is None:
        return ALWAYS
    limits: dict[str, tuple[Limit, ...]] = {}
    opaque: set[str] = set()
    never = False
    for part in _conjuncts(tokens(text)):
        found = _limit(part)
        if found is not None:
            limits[found[0]] = (*limits.get(found[0], ()), found[1])
        elif [word.text for word in part] == ["false"]:
            never = True
        elif [word.text for word in part] != ["true"]:
            opaque.add(" ".join(word.text for word in part))
    return Guard(limits, frozenset(opaque), never)


def _conjuncts(words: tuple[Token, ...]) -> list[tuple[Token, ...]]:
    """The parts between `&&`, with the parentheses around each taken off; all of it where something else joins."""
    waiting = [words]
    found: list[tuple[Token, ...]] = []
    while waiting:
        part = _bare(waiting.pop())
        cuts = _outside(part)
        ands = [at for at in cuts if part[at].text == "&&"]
        if not ands or len(found) > MAX_PARTS or any(part[at].text in SPLITTERS for at in cuts):
            found.append(part)
            continue
        bounds = [-1, *ands, len(part)]
        waiting.extend(part[low + 1 : high] for low, high in pairwise(bounds))
    return found


def _outside(words: tuple[Token, ...]) -> list[int]:
    """Where words stand that no parenthesis or bracket holds."""
    depth, found = 0, []
    for at, word in enumerate(words):
        if word.kind == "mark" and word.text in "([{":
            depth += 1
        elif word.kind == "mark" and word.text in ")]}":
            depth -= 1
        elif depth == 0:
            found.append(at)
    return found


def _bare(words: tuple[Token, ...]) -> tuple[Token, ...]:
    for _ in range(MAX_NESTING):
        if len(words) < 3 or (words[0].text, words[-1].text) != ("(", ")") or _closes_early(words):
            break
        words = words[1:-1]
    return words


def _closes_early(words: tuple[Token, ...]) -> bool:
    depth = 0
    for word in words[:-1]:
        depth += (word.text == "(") - (word.text == ")")
        if depth == 0:
            return True
    return False


def _limit(words: tuple[Token, ...]) -> tuple[str, Limit] | None:
    """A path with what it is compared with: `a.b < 5`, `5 > a.b`, `a.b`, `!a.b`."""
    at = next((at for at, word in enumerate(words) if word.text in COMPARE), None)
    if at is None:
        turned = bool(words) and words[0].text == "!"
        path = _path(words[turned:])
        return (path, ("==", not turned)) if path else None
    left, right, op = words[:at], words[at + 1 :], words[at].text
    for side, other, way in ((left, right, op), (right, left, TURNED[op])):
        path, constant = _path(side), _constant(other)
        if path and constant is not None:
            return path, (way, constant)
    return None


def _path(words: tuple[Token, ...]) -> str | None:
    named = len(words) % 2 == 1 and all(w.kind == "name" if n % 2 == 0 else w.text == "." for n, w in enumerate(words))
    if not named or len(words) < 3 or words[0].text not in ("context", "event"):
        return None
    return "".join(word.text for word in words)


def _constant(words: tuple[Token, ...]) -> Constant | None:
    sign = -1 if len(words) == 2 and words[0].text == "-" else 1
    if len(words) != (1 if sign > 0 else 2):
        return None
    word = words[-1]
    if word.kind == "number":
        return _number(word.text, sign)
    if sign < 0:
        return None
    return plain(word) if word.kind == "string" else {"true": True, "false": False}.get(word.text)


def _number(text: str, sign: int) -> int | Fraction | None:
    try:
        if text.isdecimal():
            return sign * int(text)
        return sign * Fraction(text) if math.isfinite(float(text)) else None
    except (ValueError, OverflowError):  # hexadecimal, unsigned, or too large
        return None


def samples(limits: Iterable[Limit], whole: bool = False) -> list[Constant] | None:
    """Values which stand for all values of a path; None when its values cannot be told. `whole` allows no fractions."""
    listed = list(limits)
    constants = dict.fromkeys(constant for _, constant in listed)
    kinds = {type(constant) for _, constant in listed}
    if len(listed) > MAX_LIMITS:
        return None
    if kinds == {bool}:
        return [True, False]
    if kinds == {str}:
        if any(op not in ("==", "!=") for op, _ in listed):
            return None
        return [*constants, next(f"other{n}" for n in range(len(constants) + 1) if f"other{n}" not in constants)]
    numbers = [constant for constant in constants if isinstance(constant, int | Fraction)]
    return _numbers(sorted(numbers), whole) if numbers and kinds <= {int, Fraction} else None


def _numbers(marks: list[int | Fraction], whole: bool) -> list[Constant]:
    """The marks themselves, one number between each two, one before all and one after; whole ones where there are."""
    found: list[int | Fraction] = [math.ceil(marks[0]) - 1]
    for low, high in zip(marks, [*marks[1:], None], strict=True):
        found.append(low)
        above = math.floor(low) + 1
        found.append(above if high is None or above < high else Fraction(low + high) / 2)
    return [number for number in found if not whole or number.denominator == 1]


def holds(limits: Iterable[Limit], value: Constant) -> bool:
    return all([COMPARE[op](value, constant) for op, constant in limits])


def possible(guard: Guard, whole: frozenset[str] = frozenset()) -> bool:
    """Whether the guard can hold at all, as far as can be told."""
    if guard.never:
        return False
    for path, limits in guard.limits.items():
        values = samples(limits, path in whole) if len(limits) > 1 or path in whole else None
        if values is not None and not any(holds(limits, value) for value in values):
            return False
    return True


def implies(guard: Guard, other: Guard, whole: frozenset[str] = frozenset()) -> bool:
    """Whether `other` certainly holds wherever `guard` does."""
    if other.never or not other.opaque <= guard.opaque:
        return guard.never
    for path, limits in other.limits.items():
        mine = guard.limits.get(path, ())
        if set(limits) <= set(mine):
            continue
        values = samples((*mine, *limits), path in whole)
        if not mine or values is None or not all(holds(limits, v) for v in values if holds(mine, v)):
            return False
    return True


def only_path(guards: Iterable[Guard]) -> str | None:
    """The one path which all these guards compare with constants, and nothing else; None when there is none."""
    paths = {path for guard in guards for path in guard.limits}
    alone = all(len(guard.limits) == 1 and not guard.opaque and not guard.never for guard in guards)
    return paths.pop() if alone and len(paths) == 1 else None


def shown(value: Constant) -> str:
    """A sample as CEL writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'"
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
