"""Reading a request body: what JSON leaves open or what cannot be stored is refused, with the reason."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from django.http import HttpRequest
from ninja.parser import Parser

from orchestrator.statechart.definition import JSON

MAX_DEPTH = 64
LARGEST_INTEGER = 2**63 - 1


class BodyError(ValueError):
    """The body is not JSON that can be taken; the message says why."""


def read(body: bytes) -> JSON:
    """The value of a JSON text in UTF-8. Raises BodyError.

    Refused: duplicate keys, NaN, infinity, whole numbers past 64 bits, more than 64 levels, text that cannot be stored.
    """
    try:
        value: JSON = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise BodyError("The body is not UTF-8 text.") from None
    except RecursionError:
        raise BodyError(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
    except json.JSONDecodeError as error:
        raise BodyError(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    _check_storable(value)
    return value


class StrictParser(Parser):
    """The API's body parser. A body is an object in every endpoint."""

    def parse_body(self, request: HttpRequest) -> dict[str, JSON]:
        value = read(request.body)
        if not isinstance(value, dict):
            raise BodyError("The body must be a JSON object.")
        return value


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    for key, value in pairs:
        if key in found:
            raise BodyError(f"The key “{key[:80]}” occurs twice in one object.")
        found[key] = value
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise BodyError(f"{text} is not a JSON number.")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BodyError(f"The number {text[:40]} is too large.")
    return value


def _integer(text: str) -> int:
    if len(text) > 20 or not -LARGEST_INTEGER - 1 <= int(text) <= LARGEST_INTEGER:
        raise BodyError(f"The whole number {text[:40]} does not fit into 64 bits.")
    return int(text)


def _check_storable(value: JSON) -> None:
    """Walk level by level, so that depth costs no stack."""
    level: list[JSON] = [value]
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return
        following: list[JSON] = []
        for item in level:
            if isinstance(item, str):
                _check_text(item)
            elif isinstance(item, dict):
                following.extend(item.keys())
                following.extend(item.values())
            elif isinstance(item, list):
                following.extend(item)
        level = following
    raise BodyError(f"The body is nested deeper than {MAX_DEPTH} levels.")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise BodyError("A text holds the NUL character, which cannot be stored.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BodyError("A text holds half of a surrogate pair, which is not a character.") from None
